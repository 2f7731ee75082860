import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createJournal } from "../../daemon/host/journal.ts";
import { type Clock, systemClock } from "../../daemon/time/clock.ts";

const { signal } = new AbortController();
/** A clock whose deadlines come a hundred times sooner. */
const clock: Clock = { ...systemClock, sleep: (ms, inner) => systemClock.sleep(ms / 100, inner) };

let folder: string;
let socket: string;
let server: Server | undefined;

/** What was sent on each connection that has ended. */
let sent: string[];

/** The journal ends its side of a connection at once. */
async function startJournal(accept = (stream: Socket) => void stream.end()): Promise<void> {
  server = createServer({ allowHalfOpen: true }, (stream) => {
    let text = "";
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    stream.on("error", () => {}).on("end", () => sent.push(text));
    accept(stream);
  });
  server.listen(socket);
  await once(server, "listening");
}

const write = (message: string, inner = signal) => createJournal(socket, clock).write(message, inner);

async function received(): Promise<string[]> {
  for (let turn = 0; turn < 50 && sent.length === 0; turn += 1) await new Promise(setImmediate);
  return sent;
}

describe("The journal of the host", () => {
  beforeEach(async () => {
    sent = [];
    folder = await mkdtemp(join(tmpdir(), "rebootd-journal-"));
    socket = join(folder, "stdout");
  });
  afterEach(async () => {
    server?.close();
    server = undefined;
    await rm(folder, { recursive: true });
  });

  it("gets a line from rebootd with the priority notice, behind the fields of its stream", async () => {
    await startJournal();
    await write("rebooting node n1: packages libc6");
    assert.deepEqual(await received(), ["rebootd\n\n5\n0\n0\n0\n0\nrebooting node n1: packages libc6\n"]);
  });

  it("gets one line of a text with several, without control characters", async () => {
    await startJournal();
    await write("no\nsu: anna is root\u001b[2J");
    assert.deepEqual(await received(), ["rebootd\n\n5\n0\n0\n0\n0\nno su: anna is root [2J\n"]);
  });

  it("gets nothing where the pod does not show it, without a failure", async () => {
    await write("rebooting");
    await writeFile(join(folder, "file"), "");
    await createJournal(join(folder, "file", "stdout"), clock).write("rebooting", signal);
  });

  it("rejects if nobody accepts", async () => {
    await writeFile(socket, "");
    await assert.rejects(write("rebooting"), /ECONNREFUSED/);
  });

  it("is waited for only a second if it hangs", async () => {
    await startJournal(() => {});
    const waits: number[] = [];
    const sleep: Clock["sleep"] = (ms, inner) => clock.sleep(waits.push(ms) && ms, inner);
    const hanging = createJournal(socket, { ...clock, sleep });
    await assert.rejects(
      hanging.write("rebooting", signal),
      /writing to the journal at .*: timed out after 1 s/,
    );
    assert.deepEqual(waits, [1000]);
  });

  it("is not waited for when the daemon stops", async () => {
    await startJournal(() => {});
    const stop = new AbortController();
    const written = write("rebooting", stop.signal);
    setImmediate(() => stop.abort(new Error("stopped by SIGTERM")));
    await assert.rejects(written, /stopped by SIGTERM/);
  });
});
