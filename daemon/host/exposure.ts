import { constants } from "node:fs";
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { getuid } from "node:process";
import { firstOf } from "../text/list.ts";
import type { Clock } from "../time/clock.ts";
import { withDeadline } from "../time/deadline.ts";

/** The access to the host that an attacker who controls this process has. */
export interface Exposure {
  isRoot: boolean;
  /** Effective capabilities, in hexadecimal digits. */
  capabilities: string;
  /** Writable mounts at or below the folders of the host. */
  writable: readonly string[];
  /** Sockets that this process may connect to, and through which it could control the host. */
  sockets: readonly string[];
}

/**
 * Sockets of container runtimes and systemd in the host's /run. A client of one of them can start any program
 * as root.
 */
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

/** Files of the kernel are read at once, but access to a mount whose server is gone may hang. */
const deadlineMs = 5000;

/** The exposure of this process, with the folders of the host from its options. Rejects if it cannot tell. */
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

/** The right to write to a socket is the right to connect, even on a read-only mount. */
const mayConnect = (path: string) =>
  access(path, constants.W_OK).then(
    () => true,
    () => false,
  );

/**
 * Writable mounts at or below the folders. For the format see
 * https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
 */
export function writableMounts(mountinfo: string, folders: readonly string[]): string[] {
  const paths = mountinfo.split("\n").flatMap((line) => {
    const [own = "", filesystem = ""] = line.split(" - ");
    const [, , , , path = "", flags = ""] = own.split(" ");
    const [type, , options = ""] = filesystem.split(" ");
    // A mount that keeps a network namespace has no files.
    return type !== "nsfs" && isWritable(flags) && isWritable(options) ? [plain(path)] : [];
  });
  const isBelow = (path: string) => folders.some((one) => path === one || path.startsWith(`${one}/`));
  return [...new Set(paths.filter(isBelow))];
}

const isWritable = (options: string) => options.split(",").includes("rw");

/** Special characters such as blanks are octal in mountinfo. */
const plain = (path: string) =>
  path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

const shownMax = 3;

/** One line for people; `none` without any exposure. */
export function exposureText({ isRoot, capabilities, writable, sockets }: Exposure): string {
  const some = (paths: readonly string[]) => firstOf(paths, shownMax);
  const parts = [
    isRoot && "runs as root, which the host's D-Bus trusts",
    capabilities !== "" && `has the capabilities 0x${capabilities}`,
    sockets.length > 0 && `by permission may connect to ${some(sockets)}`,
    writable.length > 0 && `mounted writable: ${some(writable)}`,
  ];
  return parts.filter(Boolean).join("; ") || "none";
}
