import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogind, type Inhibitor, type Logind } from "../../../daemon/host/logind/logind.ts";
import { logindRebooter } from "../../../daemon/host/reboot/logind.ts";
import { RebootRefused } from "../../../daemon/host/reboot/rebooter.ts";
import { type Clock, systemClock } from "../../../daemon/time/clock.ts";
import { DeadlineError } from "../../../daemon/time/deadline.ts";
import { type Answer, type Call, type FakeBus, type FakeBusOptions, startFakeBus } from "./fake-bus.ts";

const { signal } = new AbortController();
/** Deadlines come a hundred times sooner, where one is to come. */
const clock: Clock = { ...systemClock, sleep: (ms, inner) => systemClock.sleep(ms / 100, inner) };
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
const hasCode = (code: string, says: RegExp) => (error: Error & { code?: string }) => {
  assert.equal(error.code, code);
  assert.match(error.message, says);
  return true;
};

describe("logind", () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "rebootd-bus-"));
    socket = join(folder, "bus");
    logind = createLogind(socket, clock);
  });
  afterEach(async () => {
    assert.equal((await bus?.connections()) ?? 0, 0, "a connection was left open");
    await bus?.close();
    bus = undefined;
    await rm(folder, { recursive: true });
  });

  it("lists who holds what back, and why", async () => {
    await answering(() => listed(["shutdown:sleep", "fwupd", "Flashing", "block", 0, 42]));
    assert.deepEqual(await logind.listInhibitors(signal), [
      { what: "shutdown:sleep", who: "fwupd", why: "Flashing", mode: "block", uid: 0, pid: 42 },
    ]);
    assert.deepEqual(bus?.calls, ["ListInhibitors()"]);
  });

  it("lists the sessions, but for those that are ending or have ended meanwhile", async () => {
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

  it("cannot say who is logged in where it does not tell", async () => {
    await answering(({ member }) =>
      member === "ListSessions"
        ? { signature: "a(susso)", body: [[["1", 0, "root", "", "/s/1"]]] }
        : refused("org.freedesktop.DBus.Error.AccessDenied", "not yours"),
    );
    await assert.rejects(logind.listSessions(signal), /GetAll: .*AccessDenied: not yours/);
  });

  it("says whether it can reboot", async () => {
    await answering(() => ({ signature: "s", body: ["challenge"] }));
    assert.equal(await logind.canReboot(signal), "challenge");
  });

  describe("asked to reboot", () => {
    const blocked = refused("org.freedesktop.login1.BlockedByInhibitorLock");
    const rows: [what: string, skipInhibitors: boolean, answers: Record<string, Answer>, calls: string[]][] =
      [
        ["is asked without a question to anybody at a screen", false, { Reboot: nothing }, ["Reboot(false)"]],
        [
          "skips inhibitors where that is wished",
          true,
          { RebootWithFlags: nothing },
          ["RebootWithFlags(16)"],
        ],
        [
          "need not skip them in a version that passes over them anyway",
          true,
          { RebootWithFlags: refused("org.freedesktop.DBus.Error.InvalidArgs"), Reboot: nothing },
          ["RebootWithFlags(16)", "Reboot(false)"],
        ],
      ];
    for (const [what, skipInhibitors, answers, calls] of rows) {
      it(what, async () => {
        await answering(({ member }) => answers[member] ?? "hang up");
        await logindRebooter(logind, { skipInhibitors }).reboot(signal);
        assert.deepEqual(bus?.calls, calls);
      });
    }

    it("refuses for certain where an answer says so, or nobody was asked", async () => {
      const rebooter = logindRebooter(logind, { skipInhibitors: true });
      await assert.rejects(rebooter.reboot(signal), RebootRefused);
      await answering(() => blocked);
      await assert.rejects(
        rebooter.reboot(signal),
        (error) =>
          error instanceof RebootRefused && /asking logind to reboot: .*BlockedBy/.test(error.message),
      );
    });

    it("may have heard it where no answer came", async () => {
      await answering(() => "hang up");
      await assert.rejects(
        logindRebooter(logind, { skipInhibitors: false }).reboot(signal),
        (error) => !(error instanceof RebootRefused),
      );
    });
  });

  describe("that cannot be reached", () => {
    it("is no error of its own where there is no bus", async () => {
      await assert.rejects(
        logind.listInhibitors(signal),
        hasCode("no-bus", new RegExp(`no D-Bus socket at ${socket}`)),
      );
      await assert.rejects(
        createLogind("/proc/version/bus", clock).canReboot(signal),
        hasCode("no-bus", /no D-Bus socket at \/proc\/version\/bus/),
      );
    });

    it("is one where there is something else in its place", async () => {
      await writeFile(socket, "");
      await assert.rejects(logind.listInhibitors(signal), hasCode("bus-unreachable", /ECONNREFUSED/));
    });

    for (const greeting of ["REJECTED EXTERNAL\r\n", "ERROR\r\n", "\n", "x".repeat(1_000_000)]) {
      it(`is one where the bus greets with ${JSON.stringify(greeting.slice(0, 20))}`, async () => {
        await answering(() => nothing, { greeting });
        await assert.rejects(
          createLogind(socket, systemClock).listInhibitors(signal),
          hasCode("bus-unreachable", /D-Bus at/),
        );
      });
    }

    it("is given up at the deadline, where the bus does not greet", async () => {
      await answering(() => nothing, { greeting: "OK" });
      await assert.rejects(logind.listInhibitors(signal), DeadlineError);
    });

    it("is given up at the deadline, where nobody takes part at all", async () => {
      const silent = createServer({ pauseOnConnect: true }, () => {}).listen(socket);
      try {
        await assert.rejects(logind.listInhibitors(signal), DeadlineError);
      } finally {
        silent.close();
      }
    });

    it("is given up when the daemon stops", async () => {
      await answering(() => "silence");
      const stop = new AbortController();
      const asked = logind.listInhibitors(stop.signal);
      setImmediate(() => stop.abort(new Error("stopped by SIGTERM")));
      await assert.rejects(asked, /stopped by SIGTERM/);
    });
  });

  describe("that answers nonsense", () => {
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
    const rows: [what: string, answer: (call: Call) => Answer, says: RegExp][] = [
      ["is not waited for when it never comes", () => "silence", /asking logind over .*: timed out after/],
      ["is not waited for when it hangs up", () => "hang up", /the connection was closed/],
      [
        "is not believed when it is of another form",
        () => ({ signature: "s", body: ["none"] }),
        /ListInhibitors/,
      ],
      ["is not believed when it is empty", () => nothing, /answer to ListInhibitors has an unknown form/],
      ["does not end the process when it is noise", () => ({ bytes: Buffer.alloc(400, 0xa5) }), /./],
      [
        "does not end the process when its fields are noise",
        () => ({ bytes: Buffer.concat([header(0, 64), Buffer.alloc(64, 0xff)]) }),
        /./,
      ],
      [
        "is not kept when it announces more than there is memory",
        () => ({ bytes: Buffer.concat([header(0xffff_ff00, 8), Buffer.alloc(8)]) }),
        /./,
      ],
      [
        "is cut off when there is more of it than anybody would send",
        () => ({ bytes: Buffer.concat([header(100_000_000, 8), Buffer.alloc(1_000_000)]) }),
        /answers of more than/,
      ],
    ];
    for (const [what, answer, says] of rows) {
      it(what, async () => {
        await answering(answer);
        const inTime = answer({} as Call) === "silence" ? clock : systemClock;
        await assert.rejects(createLogind(socket, inTime).listInhibitors(signal), says);
      });
    }
  });
});

describe("Rebooting by logind", () => {
  const held = { what: "shutdown", who: "fwupd", why: "Flashing it", mode: "block", uid: 0, pid: 7 };
  const delayed = { ...held, mode: "delay" };
  const rows: [answer: string | Error, failure: RegExp | undefined, inhibitor?: Inhibitor][] = [
    ["yes", undefined],
    ["inhibitor-blocked", undefined],
    ["inhibited", undefined],
    ["challenge", /CanReboot is "challenge"/],
    ["no", /CanReboot is "no"/],
    ["na", /CanReboot is "na"/],
    ["challenge", undefined, held],
    ["no", undefined, held],
    ["na", /CanReboot is "na"/, held],
    ["no", /CanReboot is "no"/, delayed],
    [new Error("no D-Bus socket at /run/x"), /no D-Bus socket at \/run\/x/],
  ];
  for (const [uid, ending] of [
    [0, /"no"$/],
    [
      473,
      /"no"; user 473 must be in the node's list of users and in a rule of polkit: see manifests\/components\/rootless$/,
    ],
  ] as const) {
    it(`says what is missing on the node to user ${uid}`, async () => {
      const logind = { canReboot: async () => "no", listInhibitors: async () => [] } as unknown as Logind;
      assert.match(
        (await logindRebooter(logind, { skipInhibitors: false, uid }).precheck(signal)) ?? "",
        ending,
      );
    });
  }

  for (const [answer, failure, inhibitor] of rows) {
    const meanwhile = inhibitor === undefined ? "" : `, with an inhibitor of the mode ${inhibitor.mode}`;
    it(`is ${failure === undefined ? "possible" : "not possible"} after ${answer}${meanwhile}`, async () => {
      const canReboot = async () => {
        if (answer instanceof Error) throw answer;
        return answer;
      };
      const listInhibitors = async () => (inhibitor === undefined ? [] : [inhibitor]);
      const logind = { canReboot, listInhibitors } as unknown as Logind;
      const method = logindRebooter(logind, { skipInhibitors: false });
      const found = await method.precheck(signal);
      if (failure === undefined) assert.equal(found, undefined);
      else assert.match(found ?? "", failure);
    });
  }
});
