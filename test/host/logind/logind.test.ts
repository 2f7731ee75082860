import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogind, type Logind } from "../../../daemon/host/logind/logind.ts";
import { type Clock, systemClock } from "../../../daemon/time/clock.ts";
import { DeadlineError } from "../../../daemon/time/deadline.ts";
import { everyRow } from "../../rows.ts";
import { type Answer, type Call, type FakeBus, type FakeBusOptions, startFakeBus } from "./fake-bus.ts";

const { signal } = new AbortController();
/** A clock whose deadlines come sooner, and late enough for a busy machine. */
const clock: Clock = { ...systemClock, sleep: (ms, inner) => systemClock.sleep(ms / 10, inner) };
const nothing: Answer = { signature: "", body: [] };

let folder: string;
let socket: string;
let bus: FakeBus | undefined;
let logind: Logind;

async function answering(
  answer: FakeBusOptions["answer"],
  more: Partial<FakeBusOptions> = {},
): Promise<void> {
  bus = await startFakeBus({ socket, answer, ...more });
}

const listed = (...inhibitors: unknown[][]): Answer => ({ signature: "a(ssssuu)", body: [inhibitors] });
const refused = (error: string, text = "no"): Answer => ({ error, text });
const hasCode = (code: string, message: RegExp) => (error: Error & { code?: string }) => {
  assert.equal(error.code, code);
  assert.match(error.message, message);
  return true;
};

describe("logind", () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "rebootd-bus-"));
    socket = join(folder, "bus");
    logind = createLogind(socket, clock);
  });
  afterEach(async () => {
    await closeBus();
    await rm(folder, { recursive: true });
  });

  async function closeBus(): Promise<void> {
    assert.equal((await bus?.connections()) ?? 0, 0, "a connection was left open");
    await bus?.close();
    bus = undefined;
  }

  it("lists the inhibitors: what they block, who holds them, and why", async () => {
    await answering(() => listed(["shutdown:sleep", "fwupd", "Flashing", "block", 0, 42]));
    assert.deepEqual(await logind.listInhibitors(signal), [
      { what: "shutdown:sleep", who: "fwupd", why: "Flashing", mode: "block", uid: 0, pid: 42 },
    ]);
    assert.deepEqual(bus?.calls, ["ListInhibitors()"]);
  });

  it("lists the sessions without closing and ended ones", async () => {
    const sessions: Record<string, unknown[][]> = {
      "/s/1": properties("user", "tty", "active", false),
      "/s/2": properties("user", "tty", "closing", true),
      "/s/4": properties("greeter", "x11", "online", true),
    };
    await answering(({ member, path }) => {
      if (member === "ListSessions") {
        const rows = [1, 2, 3, 4].map((id) => [`${id}`, 1000, `user${id}`, "", `/s/${id}`]);
        return { signature: "a(susso)", body: [rows] };
      }
      const found = sessions[path];
      if (found === undefined) return refused("org.freedesktop.DBus.Error.UnknownObject");
      return { signature: "a{sv}", body: [found] };
    });
    assert.deepEqual(await logind.listSessions(signal), [
      { user: "user1", class: "user", type: "tty", state: "active", idle: false },
      { user: "user4", class: "greeter", type: "x11", state: "online", idle: true },
    ]);
  });

  function properties(Class: string, Type: string, State: string, IdleHint: boolean): unknown[][] {
    const texts = Object.entries({ Class, Type, State, Id: "1" }).map(([name, value]) => [
      name,
      ["s", value],
    ]);
    return [...texts, ["IdleHint", ["b", IdleHint]], ["Timestamp", ["t", 1_764_000_000_000_000]]];
  }

  it("rejects if the properties of a session are denied", async () => {
    await answering(({ member }) =>
      member === "ListSessions"
        ? { signature: "a(susso)", body: [[["1", 0, "root", "", "/s/1"]]] }
        : refused("org.freedesktop.DBus.Error.AccessDenied", "not yours"),
    );
    await assert.rejects(logind.listSessions(signal), /GetAll: .*AccessDenied: not yours/);
  });

  it("is waited for only a second by a text that it is to show", async () => {
    const waits: number[] = [];
    const sleep: Clock["sleep"] = (ms, inner) => clock.sleep(waits.push(ms) && ms, inner);
    await answering(({ member }) => (member === "SetWallMessage" ? "silence" : nothing));
    await assert.rejects(
      createLogind(socket, { ...clock, sleep }).setWallMessage("down for a moment", signal),
      /asking logind over .*: timed out after 1 s/,
    );
    assert.deepEqual([waits, bus?.calls], [[1000], ["SetWallMessage(down for a moment, true)"]]);
  });

  it("returns its answer to CanReboot", async () => {
    await answering(() => ({ signature: "s", body: ["challenge"] }));
    assert.equal(await logind.canReboot(signal), "challenge");
  });

  describe("that is unreachable", () => {
    it("has the code no-bus without a socket", async () => {
      await assert.rejects(
        logind.listInhibitors(signal),
        hasCode("no-bus", new RegExp(`no D-Bus socket at ${socket}`)),
      );
      await assert.rejects(
        createLogind("/proc/version/bus", clock).canReboot(signal),
        hasCode("no-bus", /no D-Bus socket at \/proc\/version\/bus/),
      );
    });

    it("has the code bus-unreachable with another file in place of the socket", async () => {
      await writeFile(socket, "");
      await assert.rejects(logind.listInhibitors(signal), hasCode("bus-unreachable", /ECONNREFUSED/));
    });

    it("has the code bus-unreachable after a greeting that is not OK", () =>
      everyRow(
        ["REJECTED EXTERNAL\r\n", "ERROR\r\n", "\n", "x".repeat(1_000_000)].map(
          (greeting) => [JSON.stringify(greeting.slice(0, 20)), greeting] as const,
        ),
        async (greeting) => {
          await answering(() => nothing, { greeting });
          await assert.rejects(
            createLogind(socket, systemClock).listInhibitors(signal),
            hasCode("bus-unreachable", /D-Bus at/),
          );
          await closeBus();
        },
      ));

    it("times out if the bus does not greet", async () => {
      await answering(() => nothing, { greeting: "OK" });
      await assert.rejects(logind.listInhibitors(signal), DeadlineError);
    });

    it("times out if nothing accepts the connection", async () => {
      const silent = createServer({ pauseOnConnect: true }, () => {}).listen(socket);
      try {
        await assert.rejects(logind.listInhibitors(signal), DeadlineError);
      } finally {
        silent.close();
      }
    });

    it("rejects when the daemon stops", async () => {
      await answering(() => "silence");
      const stop = new AbortController();
      const asked = logind.listInhibitors(stop.signal);
      setImmediate(() => stop.abort(new Error("stopped by SIGTERM")));
      await assert.rejects(asked, /stopped by SIGTERM/);
    });
  });

  describe("with invalid answers", () => {
    const header = (bodyLength: number, fieldsLength: number) => {
      const bytes = Buffer.alloc(16);
      bytes.write("l", 0);
      bytes.writeUInt8(2, 1);
      bytes.writeUInt8(1, 3);
      bytes.writeUInt32LE(bodyLength, 4);
      bytes.writeUInt32LE(1, 8);
      bytes.writeUInt32LE(fieldsLength, 12);
      return bytes;
    };
    const rows: [what: string, answer: (call: Call) => Answer, message: RegExp][] = [
      ["times out without an answer", () => "silence", /asking logind over .*: timed out after/],
      ["rejects if the connection is closed", () => "hang up", /the connection was closed/],
      ["rejects another type", () => ({ signature: "s", body: ["none"] }), /ListInhibitors/],
      ["rejects an empty answer", () => nothing, /answer to ListInhibitors has an unknown form/],
      ["rejects random bytes", () => ({ bytes: Buffer.alloc(400, 0xa5) }), /./],
      [
        "rejects random fields",
        () => ({ bytes: Buffer.concat([header(0, 64), Buffer.alloc(64, 0xff)]) }),
        /./,
      ],
      [
        "rejects a size above the memory",
        () => ({ bytes: Buffer.concat([header(0xffff_ff00, 8), Buffer.alloc(8)]) }),
        /./,
      ],
      [
        "rejects more bytes than the limit",
        () => ({ bytes: Buffer.concat([header(100_000_000, 8), Buffer.alloc(1_000_000)]) }),
        /answers of more than/,
      ],
    ];
    it("rejects each of them", () =>
      everyRow(rows, async (answer, message) => {
        await answering(answer);
        const inTime = answer({} as Call) === "silence" ? clock : systemClock;
        await assert.rejects(createLogind(socket, inTime).listInhibitors(signal), message);
        await closeBus();
      }));
  });
});
