import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { nodeFlags } from "./world/rebootd.ts";

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
    const entrypoint = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(dockerfile)?.[1] ?? "[]");
    assert.deepEqual(entrypoint, ["/usr/local/bin/node", ...nodeFlags, "/rebootd.mjs"]);
  });

  it("open no inspector for who may signal the daemon, and so would run code in it", async () => {
    const script = "console.log('up'); setTimeout(() => {}, 300)";
    // An inspector would say where it listens.
    assert.equal((await runNode(script, "SIGUSR1")).error, "");
  });

  it("leave no way to change the prototype of all objects by the name of a field", async () => {
    const script = "const a = {}; a['__proto__'].gained = true; console.log(({}).gained)";
    const guarded = `try { ${script} } catch (error) { console.log(error.name) }`;
    assert.equal((await runNode(guarded)).out, "TypeError\n");
  });
});
