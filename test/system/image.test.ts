/**
 * The image of the release that release-run.ts makes, on a stand-in for the base image: for amd64 of this machine's files, for arm64
 * of what test/system/run.sh has fetched.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { systemClock } from "../../daemon/time/clock.ts";
import { type Answer, type Call, startFakeBus } from "../host/logind/fake-bus.ts";
import { administrator, type SimulatedServer, startSimulatedServer } from "../kubernetes/server.ts";
import { daemonUser, daemonUserOn, installRights } from "../world/manifests.ts";
import { compilerDoc } from "./node-image.ts";
import { makeReleaseOnce, releaseDeadlineMs } from "./release-run.ts";

const { DEBIAN_FILES: fetched = "" } = process.env;
const root = fileURLToPath(new URL("../..", import.meta.url));
const unpackDeadlineMs = 240_000;
const runDeadlineMs = 30_000;
/** Node alone is 126 MB. */
const sizeMaxBytes = 150e6;
/** With a kubeconfig a daemon has 72 MiB, 28 of them its own; with a service account 64 and 20. */
const allMaxMib = 90;
const ownMaxMib = 36;

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
const run = promisify(execFile);

interface Platform {
  /** As images name it. */
  architecture: string;
  /** e_machine in https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html */
  elfMachine: number;
  /** Runs its programs here. */
  emulator?: string;
}

interface Image {
  Size: number;
  User: string;
  Labels: Record<string, string>;
  Architecture: string;
  Config: { Entrypoint: string[] };
}

const arm64: Platform = { architecture: "arm64", elfMachine: 183 };
const own: Platform = process.arch === "arm64" ? arm64 : { architecture: "amd64", elfMachine: 62 };
/** The second is built by the machine of the first, for which its programs are foreign. */
const platforms: Platform[] = [own, { ...arm64, emulator: join(fetched, "usr/bin/qemu-aarch64-static") }];

const tagOf = ({ architecture, emulator }: Platform) =>
  `rebootd:${architecture}${emulator === undefined ? "" : "-built-elsewhere"}`;

describe("The image", () => {
  let folder: string;
  let server: SimulatedServer;
  let environment: NodeJS.ProcessEnv;

  /** buildah or podman, in the storage of the release. */
  const containers = async (program: string, args: string[], timeout: number) => {
    const { stdout } = await run(program, args, {
      env: environment,
      timeout,
      killSignal: "SIGKILL",
      maxBuffer: 20_000_000,
    });
    return stdout;
  };

  before(async function () {
    this.timeout(releaseDeadlineMs);
    folder = mkdtempSync(join(tmpdir(), "rebootd-image-"));
    const release = await makeReleaseOnce();
    environment = release.environment;
    const archive = `oci-archive:${join(release.folder, `rebootd-${version}-image.tar`)}:${version}`;
    for (const platform of platforms) {
      const from = ["pull", "--quiet", `--platform=linux/${platform.architecture}`, archive];
      const id = (await containers("buildah", from, unpackDeadlineMs)).trim();
      await containers("buildah", ["tag", id, tagOf(platform)], runDeadlineMs);
    }

    server = await startSimulatedServer(systemClock);
    await installRights(server);
    const signal = AbortSignal.timeout(runDeadlineMs);
    await server.apiFor(administrator).create("/api/v1/nodes", { metadata: { name: "n1" } }, { signal });
    writeFileSync(join(folder, "kubeconfig"), await server.kubeconfigFor(daemonUserOn("n1")));
    mkdirSync(join(folder, "run"));
    writeFileSync(join(folder, "run/reboot-required"), "");
  });
  after(async function () {
    this.timeout(60_000);
    await server?.stop();
    await containers("podman", ["rm", "--all", "--force", "--time=0"], runDeadlineMs).catch(() => {});
    rmSync(folder, { recursive: true, force: true });
  });

  it("has programs of which the engine holds each character in one byte", () => {
    for (const file of programFiles()) {
      const bytes = readFileSync(join(root, "dist", file));
      assert.ok(!bytes.some((byte) => byte > 127), file);
    }
  });

  for (const platform of platforms) {
    const { architecture, elfMachine, emulator } = platform;
    const tag = tagOf(platform);

    describe(`for ${architecture}${emulator === undefined ? "" : ", built by another machine"}`, () => {
      const inspect = async () => {
        const found = await containers("podman", ["image", "inspect", tag], runDeadlineMs);
        const [image] = JSON.parse(found) as Image[];
        return image ?? assert.fail(`there is no image ${tag}`);
      };
      /** As the pod of the manifests: no capability, and nothing that can be written to. */
      const podman = async (options: string[], args: string[], entrypoint?: string[]) => {
        const bare = ["--read-only", "--read-only-tmpfs=false", "--cap-drop=ALL"];
        const closed = ["--security-opt=no-new-privileges", "--network=host", "--pull=never", "--rm"];
        const program = entrypoint ?? (await inspect()).Config.Entrypoint;
        const how =
          emulator === undefined
            ? [`--entrypoint=${JSON.stringify(program)}`]
            : [
                `--entrypoint=${JSON.stringify(["/emulator", ...program])}`,
                `--volume=${emulator}:/emulator:ro`,
              ];
        return containers(
          "podman",
          ["run", ...bare, ...closed, ...how, ...options, tag, ...args],
          runDeadlineMs,
        );
      };
      /** What is in it, as a tar. */
      const exportTar = async () => {
        const tar = join(folder, "image.tar");
        await containers(
          "podman",
          ["create", "--name=still", "--replace", "--pull=never", tag],
          runDeadlineMs,
        );
        await containers("podman", ["export", "--output", tar, "still"], runDeadlineMs);
        return tar;
      };

      it("starts, read-only and without a capability", async () => {
        assert.equal(await podman([], ["--version"]), `${version}\n`);
      });

      it("starts as the user of components/rootless too, whom it does not know", async () => {
        assert.equal(await podman(["--user=473:473"], ["--version"]), `${version}\n`);
      });

      it("helps", async () => {
        assert.match(await podman([], ["run", "--help"]), /Usage: rebootd run[\s\S]*--reboot-sentinel/);
      });

      // The kernel of another machine starts no script by an emulator in the image.
      if (emulator === undefined)
        describe("started as kured's manifests start it", () => {
          const kured = ["/usr/bin/kured"];

          it("helps with kured's flags", async () => {
            assert.match(
              await podman([], ["--help"], kured),
              /^Usage: kured [\s\S]*--reboot-sentinel-command/,
            );
          });

          it("refuses an unknown flag with exit code 2", async () => {
            const refused = podman([], ["--version"], kured);
            await assert.rejects(refused, { code: 2, stderr: /^kured: unknown flag "--version"/ });
          });

          it("runs as the daemon of its node, with the lock on kured's DaemonSet", async () => {
            const refused = podman(
              ["--env=KURED_NODE_ID=n1", "--env=KUBECONFIG=/nowhere"],
              [
                "--ds-namespace=kube-system",
                "--ds-name=kured",
                "--reboot-sentinel=/sentinel/reboot-required",
              ],
              kured,
            );
            // All flags are taken, and the kubeconfig comes next.
            await assert.rejects(refused, { code: 2, stderr: /^kured: --kubeconfig must be a readable/ });
          });
        });

      it("looks at a node and says what it would do", async () => {
        const bus = await startBus(join(folder, "run/bus"));
        const mounts = [`${folder}/kubeconfig:/kubeconfig:ro`, `${folder}/run:/host/run:ro`];
        const args = ["run", "--once", "--node-id=n1", "--kubeconfig=/kubeconfig"];
        const before = server.api.ledger.entries({ user: daemonUser.name }).length;
        const said = await podman(
          mounts.map((mount) => `--volume=${mount}`),
          [
            ...args,
            "--reboot-sentinel=/host/run/reboot-required",
            "--reboot-method=logind",
            "--dbus-socket=/host/run/bus",
          ],
        );
        await bus.close();
        assert.match(said, /n1/);
        const asked = server.api.ledger.entries({ user: daemonUser.name }).slice(before);
        assert.ok(
          asked.some(
            ({ verb, resource, status }) => verb === "get" && resource === "nodes" && status === 200,
          ),
        );
        assert.deepEqual(
          asked.filter(({ verb }) => !["get", "list"].includes(verb)),
          [],
        );
      });

      // An emulator has a memory of its own.
      if (emulator === undefined)
        it("takes little memory while it waits", async function () {
          mkdirSync(join(folder, "waiting"));
          const bus = await startBus(join(folder, "waiting/bus"));
          const mounts = [`${folder}/kubeconfig:/kubeconfig:ro`, `${folder}/waiting:/host/run:ro`];
          const args = ["run", "--node-id=n1", "--kubeconfig=/kubeconfig", "--run-path=/host/run"];
          const ways = ["--reboot-method=logind", "--dbus-socket=/host/run/bus"];
          const id = await podman(
            ["--detach", "--rm=false", ...mounts.map((mount) => `--volume=${mount}`)],
            [...args, ...ways, "--metrics-host=127.0.0.1", "--metrics-port=0"],
          );
          const ask = async (...command: string[]) =>
            (await containers("podman", [...command, id.trim()], runDeadlineMs)).trim();
          const signal = AbortSignal.timeout(runDeadlineMs);
          const isWatching = () =>
            server.api.ledger.entries({ verb: "watch", user: daemonUser.name }).length > 0;
          while (!isWatching()) await systemClock.sleep(200, signal);
          // What the start needed goes back within moments.
          await systemClock.sleep(3000, signal);
          const memory = readFileSync(
            `/proc/${await ask("inspect", "--format={{.State.Pid}}")}/smaps_rollup`,
            "utf8",
          );
          const mib = (name: string) => Number(new RegExp(`^${name}: +(\\d+)`, "m").exec(memory)?.[1]) / 1024;
          const [all, own] = [mib("Rss"), mib("Anonymous")];
          if (this.test) this.test.title += `: ${Math.round(all)} MiB, ${Math.round(own)} of them its own`;
          assert.ok(all < allMaxMib && own < ownMaxMib, `${all} MiB, ${own} of them its own`);
          await ask("rm", "--force", "--time=0");
          await bus.close();
        });

      it("has nsenter, for commands on the host", async () => {
        assert.match(await podman([], ["--version"], ["/usr/bin/nsenter"]), /util-linux/);
      });

      it("has nothing else that runs, and nothing that others than root may write to", async () => {
        const { stdout } = await run("tar", ["--numeric-owner", "-tvf", await exportTar()]);
        const entries = stdout
          .trim()
          .split("\n")
          .map((line) => {
            const [mode = "", owner = "", , , , path = ""] = line.split(/\s+/);
            return { mode, owner, path };
          });
        const writable = ({ mode, owner }: { mode: string; owner: string }) =>
          owner !== "0/0" || (mode[0] !== "l" && /w/.test(mode.slice(4))) || /[st]/i.test(mode.slice(1));
        assert.deepEqual(entries.filter(writable), []);
        const programs = entries.filter(({ mode, path }) => /^-.*x/.test(mode) && !path.includes(".so"));
        assert.deepEqual(programs.map(({ path }) => path).sort(), [
          "rebootd.mjs",
          "usr/bin/kured",
          "usr/bin/nsenter",
          "usr/local/bin/node",
        ]);
      });

      it("has programs and libraries of that machine alone", async () => {
        const unpacked = join(folder, architecture);
        mkdirSync(unpacked);
        await run("tar", ["-xf", await exportTar(), "-C", unpacked]);
        const files = readdirSync(unpacked, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map(({ parentPath, name }) => join(parentPath, name));
        const others = files.filter((file) => elfMachineOf(file) !== elfMachine);
        assert.ok(files.length > 10, `there are only ${files.length} files`);
        assert.deepEqual(others.map((file) => relative(unpacked, file)).sort(), [
          "LICENSE",
          "THIRD-PARTY-NOTICES.txt",
          ...programFiles(),
          "usr/bin/kured",
          "usr/local/LICENSE",
          ...["GPL-2", "GPL-3", "LGPL-2", "LGPL-2.1", "LGPL-3"].map(
            (name) => `usr/share/common-licenses/${name}`,
          ),
          ...[compilerDoc(), "libc6", "libpcre2-8-0", "libselinux1", "util-linux"].map(
            (name) => `usr/share/doc/${name}/copyright`,
          ),
        ]);
        const licence = (file: string) => readFileSync(join(unpacked, file), "utf8");
        assert.match(licence("usr/local/LICENSE"), /^Node\.js is licensed for use as follows:/);
        assert.match(licence("usr/share/doc/libc6/copyright"), /GNU Lesser General Public/);
        assert.match(licence("THIRD-PARTY-NOTICES.txt"), /^==== winston \S+ \(MIT\) ====$/m);
        rmSync(unpacked, { recursive: true });
      });

      it("says what it is, and is small", async function () {
        const { Size, User, Labels, Architecture } = await inspect();
        const label = (name: string) => Labels[`org.opencontainers.image.${name}`];
        assert.deepEqual(
          [User, Architecture, label("title"), label("version"), label("licenses")],
          ["0:0", architecture, "rebootd", version, "Apache-2.0"],
        );
        if (this.test) this.test.title += `: ${Math.round(Size / 1e6)} MB`;
        assert.ok(Size < sizeMaxBytes, `${Size} bytes; allowed are ${sizeMaxBytes}`);
      });
    });
  }
});

/** What `npm run build` has made: the program and the parts that it loads where they are used. */
function programFiles(): string[] {
  const parts = readdirSync(join(root, "dist/rebootd"));
  return ["rebootd.mjs", ...parts.sort().map((part) => `rebootd/${part}`)];
}

/** Undefined where it is none. */
function elfMachineOf(file: string): number | undefined {
  const bytes = readFileSync(file);
  return bytes.subarray(0, 4).toString("latin1") === "\x7fELF" ? bytes.readUInt16LE(18) : undefined;
}

/** A bus with a logind that would reboot, and that nobody holds up. */
async function startBus(socket: string): ReturnType<typeof startFakeBus> {
  const answers: Record<string, Answer> = {
    CanReboot: { signature: "s", body: ["yes"] },
    ListInhibitors: { signature: "a(ssssuu)", body: [[]] },
  };
  return await startFakeBus({
    socket,
    answer: ({ member }: Call) => answers[member] ?? { error: `no ${member}` },
  });
}
