import { constants } from "node:fs";
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { getuid } from "node:process";
import type { Clock } from "../time/clock.ts";
import { withDeadline } from "../time/deadline.ts";

/** What of the host somebody could use who has broken into this process. */
export interface Exposure {
  isRoot: boolean;
  /** The effective ones, in hexadecimal digits. */
  capabilities: string;
  /** Folders below those of the host where something is mounted that may be written to. */
  writable: readonly string[];
  /** Those that give the host away and that this process may connect to. */
  sockets: readonly string[];
}

/** In the host's /run: container runtimes, and systemd. Who may connect to one of them starts what they want as root. */
const powerfulSockets = [
  "containerd/containerd.sock",
  "k3s/containerd/containerd.sock",
  "crio/crio.sock",
  "cri-dockerd.sock",
  "docker.sock",
  "podman/podman.sock",
  "systemd/private",
];

const self = { status: "/proc/self/status", mounts: "/proc/self/mountinfo" };

/** A look at files of the kernel takes no time, but for one behind a mount whose server is gone. */
const deadlineMs = 5000;

/** Looks at this process, with the folders of the host that its options name. Rejects where it cannot tell. */
export async function lookAtExposure(
  { runPath, folders }: { runPath: string; folders: readonly string[] },
  clock: Clock,
  signal: AbortSignal,
  files = self,
): Promise<Exposure> {
  return await withDeadline(clock, deadlineMs, signal, "looking at what is open", async () => {
    const [status, mounts] = await Promise.all(
      [files.status, files.mounts].map((one) => readFile(one, "utf8")),
    );
    const sockets = powerfulSockets.map((name) => join(runPath, name));
    const areOpen = await Promise.all(sockets.map(mayConnect));
    return {
      isRoot: getuid?.() === 0,
      capabilities: /^CapEff:\s*0*(\w*)$/m.exec(status ?? "")?.[1] ?? "",
      writable: writableMounts(mounts ?? "", [runPath, ...folders]),
      sockets: sockets.filter((_, index) => areOpen[index]),
    };
  });
}

/** Of a socket the right to write is the right to connect, whether or not it is mounted read-only. */
const mayConnect = (path: string) =>
  access(path, constants.W_OK).then(
    () => true,
    () => false,
  );

/** Those at or below the folders, from a text as in https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html */
export function writableMounts(mountinfo: string, folders: readonly string[]): string[] {
  const paths = mountinfo.split("\n").flatMap((line) => {
    const [own = "", filesystem = ""] = line.split(" - ");
    const [, , , , path = "", flags = ""] = own.split(" ");
    const [type, , options = ""] = filesystem.split(" ");
    // A network namespace that is kept by a mount has nothing to write to.
    return type !== "nsfs" && isWritable(flags) && isWritable(options) ? [plain(path)] : [];
  });
  const isBelow = (path: string) => folders.some((one) => path === one || path.startsWith(`${one}/`));
  return [...new Set(paths.filter(isBelow))];
}

const isWritable = (options: string) => options.split(",").includes("rw");

/** Blanks and the like are octal there. */
const plain = (path: string) =>
  path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

const shownMax = 3;

/** On one line, for people; `none` where nothing of it is open. */
export function exposureText({ isRoot, capabilities, writable, sockets }: Exposure): string {
  const some = (paths: readonly string[]) =>
    paths.slice(0, shownMax).join(", ") +
    (paths.length > shownMax ? `, and ${paths.length - shownMax} more` : "");
  const parts = [
    isRoot && "runs as root, whom the host's D-Bus obeys",
    capabilities !== "" && `has the capabilities 0x${capabilities}`,
    sockets.length > 0 && `by permission may connect to ${some(sockets)}`,
    writable.length > 0 && `mounted writable: ${some(writable)}`,
  ];
  return parts.filter(Boolean).join("; ") || "none";
}
