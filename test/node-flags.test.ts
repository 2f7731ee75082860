import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { imageEnvironment, nodeFlags } from "./world/image.ts";

/** Runs node with the flags of the image, and resolves with what it has written, and how it has ended. */
async function runNode(script: string, signal?: NodeJS.Signals) {
  const node = spawn(process.execPath, [...nodeFlags, "--eval", script], { stdio: "pipe", timeout: 20_000 });
  const error = text(node.stderr);
  const [beginning] = await once(node.stdout, "data");
  if (signal !== undefined) node.kill(signal);
  await once(node, "close");
  return { out: String(beginning), error: await error };
}

describe("The flags of node in the image", () => {
  it("are those that the daemons of the tests and the benches have", () => {
    const dockerfile = readFileSync(new URL("../Dockerfile", import.meta.url), "utf8");
    const entrypoint = JSON.stringify(["/usr/local/bin/node", ...nodeFlags, "/rebootd.mjs"]).replaceAll(
      ",",
      ", ",
    );
    assert.ok(dockerfile.includes(`\nENTRYPOINT ${entrypoint}\n`), entrypoint);
    assert.equal(imageEnvironment["NODE_ENV"], "production");
  });

  it("open no inspector for who may signal the daemon, and so would run code in it", async () => {
    const script = "console.log('up'); setTimeout(() => {}, 300)";
    // An inspector would say where it listens.
    assert.equal((await runNode(script, "SIGUSR1")).error, "");
  });

  it("leave no memory that is writable and executable", async () => {
    const script =
      "console.log(require('node:fs').readFileSync('/proc/self/maps', 'utf8').match(/ .wx/g)?.length ?? 0)";
    assert.equal((await runNode(script)).out, "0\n");
  });

  it("leave no way to change the prototype of all objects by the name of a field", async () => {
    const script = "const a = {}; a['__proto__'].gained = true; console.log(({}).gained)";
    const guarded = `try { ${script} } catch (error) { console.log(error.name) }`;
    assert.equal((await runNode(guarded)).out, "TypeError\n");
  });
});

describe("The file that the manifests of kured start", () => {
  const file = readFileSync(new URL("../manifests/image/kured", import.meta.url), "utf8");
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "rebootd-kured-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Starts the file as the kernel does, with this node and a script in place of the image's, and sends it a signal. */
  async function start(script: string, signal: NodeJS.Signals) {
    const main = join(folder, "main.mjs");
    const program = join(folder, "kured");
    writeFileSync(main, script);
    const here = file.replace("/usr/local/bin/node", process.execPath).replace("/rebootd.mjs", main);
    writeFileSync(program, here, { mode: 0o755 });
    const child = spawn(program, ["--a=b"], { stdio: "pipe", timeout: 20_000 });
    const error = text(child.stderr);
    const [beginning] = await once(child.stdout, "data");
    child.kill(signal);
    await once(child, "close");
    return { out: String(beginning), error: await error };
  }

  it("is started by the node of the image with the first of its flags, and starts the program", () => {
    assert.equal(file.split("\n", 1)[0], `#!/usr/local/bin/node ${nodeFlags[0]}`);
    assert.match(file, /^import\("\/rebootd\.mjs"\);$/m);
  });

  it("does what the other flags do: no inspector, and no way to the prototype of all objects", async () => {
    const proto = "const a = {}; try { a['__proto__'].gained = true } catch (error) { found = error.name }";
    const script = `let found; ${proto}; console.log(found, process.argv.at(1), process.argv.at(2)); setTimeout(() => {}, 300)`;
    const { out, error } = await start(script, "SIGUSR1");
    assert.deepEqual([out, error], [`TypeError ${join(folder, "kured")} --a=b\n`, ""]);
  });
});
