/** The package as people install it: as a plugin of kubectl, and completed by their shells. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { systemClock } from "../../daemon/time/clock.ts";
import { root } from "../../manifests/image/root.ts";
import { krewManifest } from "../../manifests/package/contents.ts";
import { startSimulatedServer } from "../kubernetes/server.ts";
import { defaultLock, setLock } from "../world/lock-place.ts";
import { startWorld, type World } from "../world/world.ts";
import { type Kubectl, kubectls, newestKubectl, startSession } from "./kubectl.ts";

const run = promisify(execFile);
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
const debian = process.env["DEBIAN_FILES"] ?? "";
const deadlineMs = 40_000;

let world: World;
let folder: string;
let archive: string;
let environment: Record<string, string>;

/** With these programs before the others, and Node 24 as `node`. */
function pathWith(...folders: string[]): string {
  return [...folders, dirname(process.execPath), process.env["PATH"]].join(delimiter);
}

/** A folder in which kubectl has its name. */
function folderOf({ file }: Kubectl): string {
  const bin = mkdtempSync(join(folder, "kubectl-"));
  symlinkSync(file, join(bin, "kubectl"));
  return bin;
}

/** A shell on a terminal of its own, and the keys that a person presses. */
function startTerminal(command: string) {
  const child = spawn("script", ["-qec", command, "/dev/null"], {
    cwd: folder,
    env: { ...environment, TERM: "dumb" },
    stdio: ["pipe", "pipe", "inherit"],
    timeout: deadlineMs,
    killSignal: "SIGKILL",
  });
  const ended = new Promise((resolve) => child.on("close", resolve));
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (more: string) => {
    text += more;
    child.emit("shown");
  });
  const isShown = (what: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!what.test(text)) return;
        child.off("shown", look);
        resolve();
      };
      child.on("shown", look);
      child.on("close", () => reject(new Error(`${what} is not in ${JSON.stringify(text)}`)));
      look();
    });
  return {
    /** Presses keys, and waits until the terminal shows this behind what it has shown before. */
    async types(keys: string, then: RegExp): Promise<void> {
      text = "";
      child.stdin.write(keys);
      await isShown(then);
    },
    async close(): Promise<void> {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

describe("The package", function () {
  this.timeout(120_000);

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "rebootd-plugin-"));
    const server = await startSimulatedServer(systemClock);
    world = await startWorld({ server, nodes: 2 });
    await setLock(world, defaultLock, null);
    const release = ["--uri=https://releases.example/x.tgz", "--homepage=https://rebootd.example"];
    await run(process.execPath, [join(root, "manifests/package/write.ts"), ...release], {
      env: { ...process.env, PATH: pathWith() },
    });
    archive = join(root, `dist/rebootd-${version}.tgz`);
    environment = {
      PATH: pathWith(join(folder, "node_modules/.bin")),
      HOME: folder,
      KUBECONFIG: world.adminKubeconfig,
    };
    writeFileSync(join(folder, "package.json"), "{}");
    await run("npm", ["install", "--offline", "--no-audit", "--no-fund", archive], {
      cwd: folder,
      env: environment,
      timeout: deadlineMs,
    });
  });
  after(async () => {
    await world?.stop();
    rmSync(folder, { recursive: true });
  });

  it("needs no other package, and runs by npx", async () => {
    assert.deepEqual(
      readdirSync(join(folder, "node_modules")).filter((name) => !name.startsWith(".")),
      ["rebootd"],
    );
    const packed = join(folder, "node_modules/rebootd");
    assert.deepEqual(readdirSync(packed).sort(), ["LICENSE", "README.md", "dist", "package.json"]);
    assert.deepEqual(readdirSync(join(packed, "dist")).sort(), [
      "THIRD-PARTY-NOTICES.txt",
      "config.schema.json",
      "rebootd",
      "rebootd.mjs",
    ]);
    const options = { cwd: folder, env: environment, timeout: deadlineMs };
    const { stdout } = await run("npx", ["--offline", "rebootd", "version", "--client"], options);
    assert.equal(stdout, `this program: ${version}\n`);
  });

  it("is what krew installs, and links", async () => {
    const store = mkdtempSync(join(folder, "krew-"));
    const unpacked = join(store, "unpacked");
    mkdirSync(unpacked);
    await run("tar", ["-xzf", archive, "-C", unpacked]);
    const [platform] = krewManifest({ version, uri: "x", sha256: "x", homepage: "x" }).spec.platforms;
    assert.deepEqual(platform?.files, [{ from: "package/*", to: "." }]);
    for (const name of readdirSync(join(unpacked, "package"))) {
      renameSync(join(unpacked, "package", name), join(store, name));
    }
    const bin = join(store, "bin");
    mkdirSync(bin);
    symlinkSync(join(store, platform?.bin ?? ""), join(bin, "kubectl-rebootd"));
    const kubectl = newestKubectl();
    const { code, text } = await startSession(kubectl, world.adminKubeconfig).run(
      ["rebootd", "version", "--client"],
      { PATH: pathWith(bin) },
    );
    assert.deepEqual([code, text], [0, `this program: ${version}\n`]);
  });

  for (const kubectl of kubectls()) {
    it(`is a plugin of ${kubectl.title}`, async () => {
      const session = startSession(kubectl, world.adminKubeconfig);
      const listed = await session.run(["plugin", "list"], environment);
      assert.match(listed.text, /\/kubectl-rebootd\n/);
      const status = await session.run(["rebootd", "status"], environment);
      assert.match(status.text, /^lease\/rebootd in kube-system, rebootd\.dev\/lock: free\n/);
      assert.equal(status.code, 0);
      const forbidden = await session.run(
        ["rebootd", "status", "--as", "bob", "--as-group=dev"],
        environment,
      );
      assert.match(forbidden.text, /^kubectl rebootd: .*User "bob" cannot/);
      assert.equal(forbidden.code, 1);
      const wrong = await session.run(["rebootd", "pause"], environment);
      assert.match(wrong.text, /^kubectl rebootd: .* for example kubectl rebootd pause worker-1\n$/);
      assert.equal(wrong.code, 2);
    });
  }

  it("is completed in bash by kubectl, which asks it", async () => {
    const bin = folderOf(newestKubectl());
    const rc = join(folder, "bashrc");
    writeFileSync(
      rc,
      `PS1='> '\nPATH=${bin}:$PATH\n. ${debian}/usr/share/bash-completion/bash_completion\n` +
        ". <(kubectl completion bash)\nbind 'set bell-style none'\nbind 'set enable-bracketed-paste off'\n",
    );
    const terminal = startTerminal(`bash --noprofile --rcfile ${rc} -i`);
    try {
      await terminal.types("echo ready-$((1 + 1))\n", /ready-2\r?\n> $/);
      await terminal.types("kubectl rebootd expl\t", /kubectl rebootd explain $/);
      await terminal.types("n\t\t", /n1\s+n2/);
      await terminal.types("1 -o y\t", /1 -o yaml $/);
      await terminal.types("\u0015echo ready-$((1 + 2))\n", /ready-3\r?\n> $/);
      await terminal.types("kubectl rebootd reboot n1 --urg\t", /--urgent $/);
    } finally {
      await terminal.close();
    }
  });

  it("is completed in bash by its own script", async () => {
    const rc = join(folder, "own-bashrc");
    writeFileSync(
      rc,
      "PS1='> '\n. <(rebootd completion bash)\nbind 'set bell-style none'\nbind 'set enable-bracketed-paste off'\n",
    );
    const terminal = startTerminal(`bash --noprofile --rcfile ${rc} -i`);
    try {
      await terminal.types("echo ready-$((1 + 1))\n", /ready-2\r?\n> $/);
      await terminal.types("rebootd expl\t", /rebootd explain $/);
      await terminal.types("n\t\t", /n1\s+n2/);
      await terminal.types("1 --output=y\t", /--output=yaml $/);
      await terminal.types(`\u0015rebootd status --kubeconfig ${basename(rc)}\t`, /own-bashrc $/);
    } finally {
      await terminal.close();
    }
  });

  it("is completed in zsh", async () => {
    const share = join(debian, "usr/share/zsh/functions");
    const [modules = ""] = readdirSync(join(debian, "usr/lib"))
      .map((machine) => join(debian, "usr/lib", machine, "zsh"))
      .flatMap((of) => readdirIfAny(of).map((number) => join(of, number)));
    const rc = join(folder, "load.zsh");
    writeFileSync(
      rc,
      `module_path=(${modules}) fpath=(${share} ${share}/**/*(/))\nautoload -Uz compinit; compinit -u -D\n` +
        "unset zle_bracketed_paste; . <(rebootd completion zsh)\nPS1='READY> '\n",
    );
    const terminal = startTerminal(`${debian}/bin/zsh -f -i`);
    try {
      await terminal.types(`. ./load.zsh\n`, /READY> $/);
      await terminal.types("rebootd expl\t", /explain $/);
      await terminal.types("n\t", /n1[\s\S]*n2/);
      await terminal.types("1 --output=y\t", /--output=yaml/);
      await terminal.types("\u0015rebootd re\t\t", /reboot +-- Request a reboot of nodes/);
    } finally {
      await terminal.close();
    }
  });

  it("is completed in fish", async () => {
    writeFileSync(
      join(folder, "rebootd.fish"),
      (await run("rebootd", ["completion", "fish"], { env: environment })).stdout,
    );
    const libraries = readdirSync(join(debian, "usr/lib")).map((machine) => join(debian, "usr/lib", machine));
    const asked = async (line: string) => {
      const load = `set -p fish_function_path ${debian}/usr/share/fish/functions; source rebootd.fish`;
      const { stdout } = await run(join(debian, "usr/bin/fish"), ["-c", `${load}; complete -C '${line}'`], {
        cwd: folder,
        env: { ...environment, LD_LIBRARY_PATH: libraries.join(":") },
        timeout: deadlineMs,
      });
      return stdout.split("\n").filter((one) => one !== "");
    };
    assert.deepEqual(await asked("rebootd explain n"), ["n1", "n2"]);
    assert.deepEqual(await asked("rebootd explain n1 --output=y"), ["--output=yaml"]);
    assert.match((await asked("rebootd stat")).join("\n"), /^status\tShow which nodes/);
    assert.deepEqual(await asked("rebootd status --kubeconfig rebootd.f"), ["rebootd.fish"]);
  });
});

function readdirIfAny(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
