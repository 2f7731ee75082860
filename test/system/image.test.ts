/** The image as the Dockerfile makes it, on a stand-in for the base image that is made of this machine's files. */
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { systemClock } from "../../daemon/clock.ts";
import { daemonUser, installRights } from "../cluster/manifests.ts";
import { administrator, type SimulatedServer, startSimulatedServer } from "../cluster/server.ts";
import { type Answer, type Call, startFakeBus } from "../host/fake-bus.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const buildDeadlineMs = 240_000;
const runDeadlineMs = 30_000;
/** Node alone is 126 MB. */
const sizeMaxBytes = 150e6;
/** Node alone, with TLS, has about 55 MiB, 15 of them its own. */
const allMaxMib = 115;
const ownMaxMib = 50;

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
const run = promisify(execFile);
/** npm belongs to the Node of this machine: with the one in node_modules it would look for its settings there. */
const npmPath = (process.env["PATH"] ?? "")
  .split(":")
  .filter((entry) => !entry.includes("node_modules"))
  .join(":");
const npmConfig = (key: string) =>
  execFileSync("npm", ["config", "get", key], {
    encoding: "utf8",
    env: { ...process.env, PATH: npmPath },
  }).trim();

describe("The image", () => {
  let folder: string;
  let server: SimulatedServer;
  let environment: NodeJS.ProcessEnv;

  /** buildah or podman, which keep all that they make in the folder. */
  const containers = async (program: string, args: string[], timeout: number) => {
    const { stdout } = await run(program, args, {
      env: environment,
      timeout,
      killSignal: "SIGKILL",
      maxBuffer: 20_000_000,
    });
    return stdout;
  };
  const build = (args: string[]) =>
    containers("buildah", ["build", "--isolation=chroot", "--pull-never", ...args], buildDeadlineMs);
  /** As the pod of the manifests: no capability, and nothing that can be written to. */
  const podman = (options: string[], args: string[]) => {
    const bare = ["--read-only", "--read-only-tmpfs=false", "--cap-drop=ALL"];
    const closed = ["--security-opt=no-new-privileges", "--network=host", "--pull=never", "--rm"];
    return containers(
      "podman",
      ["run", ...bare, ...closed, ...options, "rebootd:test", ...args],
      runDeadlineMs,
    );
  };

  before(async function () {
    this.timeout(buildDeadlineMs + 60_000);
    folder = mkdtempSync(join(tmpdir(), "rebootd-image-"));
    environment = configureContainers(folder);
    makeNodeImage(join(folder, "node"));
    writeFileSync(join(folder, "Containerfile"), "FROM scratch\nCOPY . /\n");
    await build(["--tag=node:test", `--file=${folder}/Containerfile`, join(folder, "node")]);
    // npm as it is set up here, with what it has fetched before.
    const volumes = [
      `${npmConfig("cache")}:/root/.npm`,
      `${npmConfig("userconfig")}:/root/.npmrc:ro`,
      `${npmConfig("globalconfig")}:/usr/local/etc/npmrc:ro`,
    ].filter((volume) => existsSync(volume.split(":")[0] ?? ""));
    const args = ["--network=host", "--build-arg=NODE_IMAGE=localhost/node:test", "--tag=rebootd:test"];
    await build([...args, ...volumes.map((volume) => `--volume=${volume}`), root]);

    server = await startSimulatedServer(systemClock);
    await installRights(server);
    const signal = AbortSignal.timeout(runDeadlineMs);
    await server.apiFor(administrator).create("/api/v1/nodes", { metadata: { name: "n1" } }, { signal });
    writeFileSync(join(folder, "kubeconfig"), await server.kubeconfigFor(daemonUser));
    mkdirSync(join(folder, "run"));
    writeFileSync(join(folder, "run/reboot-required"), "");
  });
  after(async function () {
    this.timeout(60_000);
    await server?.stop();
    await containers("podman", ["rm", "--all", "--force", "--time=0"], runDeadlineMs).catch(() => {});
    rmSync(folder, { recursive: true, force: true });
  });

  it("starts, read-only and without a capability", async () => {
    assert.equal(await podman([], ["--version"]), `${version}\n`);
  });

  it("helps", async () => {
    assert.match(await podman([], ["run", "--help"]), /Usage: rebootd run[\s\S]*--reboot-sentinel/);
  });

  it("looks at a node and says what it would do", async () => {
    const mounts = [`${folder}/kubeconfig:/kubeconfig:ro`, `${folder}/run:/host/run:ro`];
    const args = ["run", "--once", "--node-id=n1", "--kubeconfig=/kubeconfig"];
    const said = await podman(
      mounts.map((mount) => `--volume=${mount}`),
      [...args, "--reboot-sentinel=/host/run/reboot-required", "--reboot-method=signal"],
    );
    assert.match(said, /n1/);
    const asked = server.api.ledger.entries({ user: daemonUser.name });
    assert.ok(
      asked.some(({ verb, resource, status }) => verb === "get" && resource === "nodes" && status === 200),
    );
    assert.deepEqual(
      asked.filter(({ verb }) => !["get", "list"].includes(verb)),
      [],
    );
  });

  it("has a bundle of which the engine holds each character in one byte", () => {
    const bytes = readFileSync(join(root, "dist/rebootd.mjs"));
    assert.equal(
      bytes.find((byte) => byte > 127),
      undefined,
    );
  });

  it("takes little memory while it waits", async function () {
    mkdirSync(join(folder, "waiting"));
    const answers: Record<string, Answer> = {
      CanReboot: { signature: "s", body: ["yes"] },
      ListInhibitors: { signature: "a(ssssuu)", body: [[]] },
    };
    const answer = ({ member }: Call) => answers[member] ?? { error: `no ${member}` };
    const bus = await startFakeBus({ socket: join(folder, "waiting/bus"), answer });
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
    const isWatching = () => server.api.ledger.entries({ verb: "watch", user: daemonUser.name }).length > 0;
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
    assert.match(await podman(["--entrypoint=/usr/bin/nsenter"], ["--version"]), /util-linux/);
  });

  it("has nothing else that runs, and nothing that others than root may write to", async () => {
    await containers("podman", ["create", "--name=still", "--pull=never", "rebootd:test"], runDeadlineMs);
    const tar = join(folder, "image.tar");
    await containers("podman", ["export", "--output", tar, "still"], runDeadlineMs);
    const { stdout } = await run("tar", ["--numeric-owner", "-tvf", tar]);
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
      "usr/bin/nsenter",
      "usr/local/bin/node",
    ]);
  });

  it("says what it is, and is small", async function () {
    const [image] = JSON.parse(
      await containers("podman", ["image", "inspect", "rebootd:test"], runDeadlineMs),
    ) as { Size: number; User: string; Labels: Record<string, string> }[];
    assert.ok(image && this.test);
    assert.equal(image.User, "0:0");
    const label = (name: string) => image.Labels[`org.opencontainers.image.${name}`];
    assert.deepEqual(
      [label("title"), label("version"), label("licenses")],
      ["rebootd", version, "Apache-2.0"],
    );
    this.test.title += `: ${Math.round(image.Size / 1e6)} MB`;
    assert.ok(image.Size < sizeMaxBytes, `${image.Size} bytes; allowed are ${sizeMaxBytes}`);
  });
});

/** For containers without a service, without cgroups of systemd, and with all their files in one folder. */
function configureContainers(folder: string): NodeJS.ProcessEnv {
  const engine = ['lock_type="file"', 'cgroup_manager="cgroupfs"', 'events_logger="file"', 'runtime="runc"'];
  const limits = 'default_ulimits=["nofile=1024:1024","nproc=1024:1024"]';
  const lines = ["[engine]", ...engine, `tmp_dir="${folder}/tmp"`, "[containers]", limits];
  writeFileSync(join(folder, "containers.conf"), `${lines.join("\n")}\n`);
  const storage = ["[storage]", 'driver="vfs"', `graphroot="${folder}/graph"`, `runroot="${folder}/state"`];
  writeFileSync(join(folder, "storage.conf"), `${storage.join("\n")}\n`);
  return {
    ...process.env,
    CONTAINERS_CONF: join(folder, "containers.conf"),
    CONTAINERS_STORAGE_CONF: join(folder, "storage.conf"),
    TMPDIR: folder,
  };
}

/** What the Dockerfile uses of its base image, laid out as Debian does. */
function makeNodeImage(folder: string): void {
  const node = join(root, "node_modules/node/bin/node");
  const programs = ["sh", "env", "cp", "mkdir", "ln", "nsenter"].map((name) => `/usr/bin/${name}`);
  const copy = (from: string, to: string) => {
    mkdirSync(dirname(join(folder, to)), { recursive: true });
    copyFileSync(from, join(folder, to));
  };
  for (const name of ["etc", "usr/lib", "usr/lib64", "tmp", "root", "usr/local/etc", "usr/local/lib"]) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  for (const name of ["bin", "lib", "lib64"]) symlinkSync(`usr/${name}`, join(folder, name));
  writeFileSync(join(folder, "etc/passwd"), "root:x:0:0::/root:/bin/sh\n");
  copy(node, "usr/local/bin/node");
  for (const program of programs) copy(program, program);
  const linked = execFileSync("ldd", [node, ...programs], { encoding: "utf8" });
  for (const [library] of linked.matchAll(/\/lib[^ :]*/g)) copy(library, `usr${library}`);
  const npm = realpathSync(execFileSync("sh", ["-c", "command -v npm"], { encoding: "utf8" }).trim());
  cpSync(join(dirname(npm), ".."), join(folder, "usr/local/lib/npm"), { recursive: true });
  symlinkSync("../lib/npm/bin/npm-cli.js", join(folder, "usr/local/bin/npm"));
  copy("/etc/ssl/certs/ca-certificates.crt", "etc/ssl/certs/ca-certificates.crt");
}
