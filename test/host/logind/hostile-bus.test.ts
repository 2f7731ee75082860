import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { everyRow } from "../../rows.ts";
import { type Answer, type Call, startFakeBus } from "./fake-bus.ts";
import type { Question } from "./hostile-bus-client.ts";

/** Writes values as they stand in a message, whatever they are. */
function values(
  write: (to: {
    u32(value: number): void;
    text(value: string): void;
    raw(bytes: Iterable<number>): void;
    align(n: number): void;
  }) => void,
) {
  const bytes: number[] = [];
  const raw = (more: Iterable<number>) => {
    for (const byte of more) bytes.push(byte);
  };
  const align = (n: number) => {
    while (bytes.length % n > 0) bytes.push(0);
  };
  const u32 = (value: number) => {
    align(4);
    bytes.push(value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24);
  };
  const text = (value: string) => {
    u32(Buffer.byteLength(value));
    raw(Buffer.from(value));
    bytes.push(0);
  };
  write({ u32, text, align, raw });
  return bytes;
}

const nothing: number[] = [];

/** An answer with any signature and any bytes, and any length that it claims to have. */
function message(
  serial: number,
  signature: string,
  body: number[],
  { claim = body.length, order = 0x6c, type = 2 } = {},
): Buffer {
  const fields = values(({ u32, raw, align }) => {
    raw([5, 1, 0x75, 0]);
    u32(serial);
    align(8);
    raw([8, 1, 0x67, 0, signature.length, ...Buffer.from(signature), 0]);
  });
  const head = values(({ raw, u32 }) => {
    raw([order, type, 0, 1]);
    u32(claim);
    u32(7);
    u32(fields.length);
  });
  const padding = new Array((8 - (fields.length % 8)) % 8).fill(0);
  return Buffer.from([...head, ...fields, ...padding, ...body]);
}

/** An array that says that it is so long, with that in it. */
function array(length: number, content: Iterable<number> = []): number[] {
  return values(({ u32, align, raw }) => {
    u32(length);
    align(8);
    raw(content);
  });
}

function inhibitors(count: number, why: string): number[] {
  const rows = values(({ align, text, u32 }) => {
    for (let row = 0; row < count; row += 1) {
      align(8);
      for (const word of ["shutdown", "w", why, "block"]) text(word);
      u32(0);
      u32(1);
    }
  });
  return array(rows.length, rows);
}

const bytes = (make: (serial: number) => Buffer) => (call: Call) => ({ bytes: make(call.serial) });
const answered = (signature: string, body: number[]) => bytes((serial) => message(serial, signature, body));
const repeated = (count: number, ...part: number[]): number[] => new Array(count).fill(part).flat();
const eight = repeated(8, 0);
const word = values(({ text }) => text("x"));

type Row = [what: string, answer: (call: Call) => Answer, outcome: RegExp, method?: Question["method"]];

const sessionOne = { signature: "a(susso)", body: [[["1", 0, "root", "", "/s/1"]]] };
/** The session is there, and has one property with that value. */
const property =
  (signature: string, ...value: number[]) =>
  (call: Call): Answer => {
    if (call.member === "ListSessions") return sessionOne;
    const entry = values(({ text, raw }) => {
      text("Class");
      raw([signature.length, ...Buffer.from(signature), 0, ...value]);
    });
    return { bytes: message(call.serial, "a{sv}", array(entry.length, entry)) };
  };

const rows: Row[] = [
  [
    "structs of nothing, of which any number fits into an array",
    answered("a()", array(8, eight)),
    /^error: .*"a\(\)"/,
  ],
  [
    "such structs in a property of a session",
    property("a()", ...array(8, eight)),
    /^error: .*"a\(\)"/,
    "listSessions",
  ],
  ["structs of such structs", answered("a((()))", array(8, eight)), /^error: /],
  ["an array of nothing", answered("a", array(8, eight)), /^error: /],
  [
    "an array of 4 GiB of single bytes in structs",
    answered("a(y)", array(0xffff_fff0, [1])),
    /^error: .*longer than/,
  ],
  ["an array of 4 GiB of bytes", answered("ay", array(0xffff_fff0, [65])), /^error: .*longer than/],
  [
    "a text of 2 GiB",
    answered(
      "s",
      values(({ u32, raw }) => {
        u32(0x7fff_ffff);
        raw([65, 0]);
      }),
    ),
    /^error: .*longer than/,
  ],
  [
    "variants in variants, 100,000 deep",
    answered("v", [...repeated(100_000, 1, 0x76, 0), 1, 0x79, 0, 7]),
    /^error: .*too deep/,
  ],
  [
    "structs in structs, 127 deep",
    answered(`${"(".repeat(127)}y${")".repeat(127)}`, [1]),
    /^error: .*too deep/,
  ],
  [
    "an array of many structs in structs",
    answered(`a${"(".repeat(100)}y${")".repeat(100)}`, array(400_000, repeated(400_000, 0))),
    /^error: .*too deep/,
  ],
  ["arrays in arrays, 255 deep", answered("a".repeat(255), [0, 0, 0, 0]), /^error: /],
  ["a struct that does not end", answered("(y", [1]), /^error: /],
  [
    "a message of 2 GiB",
    bytes((serial) => message(serial, "s", [1, 0, 0, 0], { claim: 0x7fff_ffff })),
    /^error: .*more than/,
  ],
  [
    "a message of 4 GiB",
    bytes((serial) => message(serial, "s", [1, 0, 0, 0], { claim: 0xffff_ffff })),
    /^error: .*more than/,
  ],
  ["half a head", bytes((serial) => message(serial, "s", word).subarray(0, 10)), /^error: .*timed out after/],
  [
    "half a message",
    bytes((serial) => message(serial, "s", word).subarray(0, -1)),
    /^error: .*timed out after/,
  ],
  [
    "an order of bytes that is none",
    bytes((serial) => message(serial, "s", word, { order: 7 })),
    /^error: .*not a D-Bus message/,
  ],
  ["the wrong order of bytes", bytes((serial) => message(serial, "s", word, { order: 0x42 })), /^error: /],
  ["more bytes than values", answered("s", [...word, 1, 2, 3]), /^error: /],
  ["a signature without values", answered("a(ssssuu)", nothing), /^error: /],
  ["another type", answered("s", word), /^error: .*has an unknown form/],
  [
    "an answer to nobody's question",
    bytes((serial) => message(serial + 999, "s", word)),
    /^error: .*timed out after/,
  ],
  [
    "signals without end",
    bytes(() => Buffer.concat(new Array(100_000).fill(message(99, "s", word, { type: 4 })))),
    /^error: .*more than/,
  ],
  ["nothing", () => "silence", /^error: .*timed out after/],
  ["a connection that is closed", () => "hang up", /^error: .*closed/],
  ["noise", bytes(() => Buffer.alloc(400, 0xa5)), /^error: /],
  ["9,000 inhibitors", answered("a(ssssuu)", inhibitors(9000, "y")), /^answer: /],
  [
    "more inhibitors than anybody holds",
    answered("a(ssssuu)", inhibitors(20_000, "y")),
    /^error: .*more than/,
  ],
  [
    "a reason of 5,000 characters, some of which a terminal obeys",
    answered("a(ssssuu)", inhibitors(1, `\u001b[2J\r\n${"y".repeat(5000)}`)),
    /^answer: /,
  ],
  ["no inhibitor", answered("a(ssssuu)", array(0)), /^answer: \[\]$/],
  [
    "a word of a million characters",
    answered(
      "s",
      values(({ text }) => text("y".repeat(1_000_000))),
    ),
    /^error: .*more than/,
    "canReboot",
  ],
  [
    "a flag in too many variants",
    answered("v", [...repeated(20, 1, 0x76, 0), 1, 0x62, 0, 0, 1, 0, 0, 0]),
    /^error: .*too deep/,
    "isShuttingDown",
  ],
];

let folder: string;
let socket: string;
let client: Worker;

function startClient(): Worker {
  const file = new URL("./hostile-bus-client.ts", import.meta.url);
  return new Worker(file, { resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 } });
}

/** The deadline, and the delay of a busy machine. */
const answerMaxMs = 10_000;

/** The answer or the error of the client. A client that hangs or has died is replaced, and the result says so. */
async function ask(outcome: RegExp, method: Question["method"] = "listInhibitors"): Promise<string> {
  const late = AbortSignal.timeout(answerMaxMs);
  const hasty = outcome.source.includes("timed out after");
  client.postMessage({ socket, method, hasty } satisfies Question);
  try {
    const [answer] = await once(client, "message", { signal: late });
    return answer;
  } catch (error) {
    await client.terminate();
    client = startClient();
    return late.aborted ? "the daemon hangs" : `the daemon has died: ${(error as Error).message}`;
  }
}

describe("A hostile bus does not stop the daemon", function () {
  this.timeout(60_000);
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "rebootd-bus-"));
    client = startClient();
  });
  after(async () => {
    await client.terminate();
    await rm(folder, { recursive: true });
  });
  beforeEach(() => {
    socket = join(folder, `bus-${Math.random()}`);
  });

  it("with any answer", () =>
    everyRow(
      rows.map((row) => [row[0], row] as const),
      async ([, answer, outcome, method]) => {
        const bus = await startFakeBus({ socket, answer });
        try {
          assert.match(await ask(outcome, method), outcome);
        } finally {
          await bus.close();
        }
      },
    ));

  const greetings: [what: string, greet: (stream: Socket) => void, outcome: RegExp][] = [
    [
      "that never ends",
      (stream) => stream.write("REJECTED ".padEnd(2_000_000, "x")),
      /^error: .*greeting of more than/,
    ],
    [
      "that comes letter by letter",
      (stream) => {
        const timer = setInterval(() => stream.write("O"), 20);
        stream.on("close", () => clearInterval(timer));
      },
      /^error: .*timed out after/,
    ],
    [
      "that lets nobody in",
      (stream) => stream.write("REJECTED EXTERNAL\u001b[2J\r\n"),
      /^error: .*rejects the authentication: REJECTED EXTERNAL \[2J$/,
    ],
    [
      "with messages in answer to nothing behind it",
      (stream) => stream.write(Buffer.concat([Buffer.from("OK 12\r\n"), message(1, "a()", array(8, eight))])),
      /^error: .*"a\(\)"/,
    ],
  ];
  it("with any greeting", () =>
    everyRow(greetings, async (greet, outcome) => {
      const streams: Socket[] = [];
      const server = createServer((stream) => {
        streams.push(stream.on("error", () => {}));
        stream.resume();
        greet(stream);
      }).listen(socket);
      try {
        assert.match(await ask(outcome), outcome);
      } finally {
        for (const stream of streams) stream.destroy();
        server.close();
        await once(server, "close");
      }
    }));

  it("or fill the memory with its answers", async () => {
    // No answer is kept: the thread has enough memory, and there are few buffers outside its heap.
    const before = process.memoryUsage().rss;
    const bus = await startFakeBus({ socket, answer: answered("a(ssssuu)", inhibitors(9000, "y")) });
    try {
      const outcome = /^answer: /;
      for (let round = 0; round < 20; round += 1) assert.match(await ask(outcome), outcome);
    } finally {
      await bus.close();
    }
    const grownMb = (process.memoryUsage().rss - before) / 1024 / 1024;
    assert.ok(grownMb < 150, `${grownMb} MiB more`);
  });
});
