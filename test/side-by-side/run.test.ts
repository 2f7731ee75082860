import assert from "node:assert/strict";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Program, runSideBySide } from "./run.ts";

const { signal } = new AbortController();
const program = (name: string, text: string): Program => ({ name, command: [process.execPath, "-e", text] });

async function run(...texts: string[]) {
  let out = "";
  const write = (text: string) => {
    out += text;
  };
  const programs = texts.map((text, index) => program(`program ${index + 1}`, text));
  return { code: await runSideBySide(programs, write, signal), out };
}

describe("Programs that run side by side", function () {
  // They are processes, and everything else runs beside them.
  this.timeout(20_000);

  it("are not mixed in what they write, and are told in their order, whichever ends first", async () => {
    const slow = 'console.log("a"); setTimeout(() => console.log("b"), 200)';
    const { code, out } = await run(slow, 'console.log("c"); console.error("d")');
    assert.equal(code, 0);
    assert.match(out, /^a\nb\n(c\nd|d\nc)\n$/);
  });

  it("run at the same time: the first may wait for the second", async () => {
    const waiting: ServerResponse[] = [];
    const server = createServer((_, response) => {
      waiting.push(response);
      // Each is answered only when both have called.
      if (waiting.length === 2) for (const one of waiting) one.end();
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const calls = `fetch("http://127.0.0.1:${(server.address() as AddressInfo).port}/")`;
    const both = await run(calls, calls).finally(() => server.close().closeAllConnections());
    assert.deepEqual(both, { code: 0, out: "" });
  });

  for (const [which, texts] of Object.entries({
    first: ["process.exit(3)", ""],
    second: ["", "process.exit(3)"],
  })) {
    it(`fail if the ${which} fails`, async () => {
      const { code, out } = await run(...texts);
      assert.equal(code, 1);
      assert.match(out, /^program \d: ended with 3\n$/);
    });
  }

  it("fail if one of them is killed", async () => {
    const { code, out } = await run("", 'process.kill(process.pid, "SIGKILL")');
    assert.deepEqual([code, out], [1, "program 2: ended with SIGKILL\n"]);
  });

  it("are all asked to end when the signal says so, with what they have started", async () => {
    const stop = new AbortController();
    const waits = `'console.log("up"); setInterval(() => {}, 1000)'`;
    // Its output ends only when the process behind the shell has ended, too.
    const shell: Program = { name: "one", command: ["sh", "-c", `${process.execPath} -e ${waits}; true`] };
    const write = (text: string) => text.includes("up") && stop.abort();
    const code = await runSideBySide(
      [shell, program("two", "setInterval(() => {}, 1000)")],
      write,
      stop.signal,
    );
    assert.equal(code, 1);
  });
});
