import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogind, type Inhibitor, type Logind } from "../../../daemon/host/logind/logind.ts";
import { logindRebooter } from "../../../daemon/host/reboot/logind.ts";
import { RebootRefused } from "../../../daemon/host/reboot/rebooter.ts";
import { systemClock } from "../../../daemon/time/clock.ts";
import { everyRow } from "../../rows.ts";
import { type Answer, type FakeBus, startFakeBus } from "../logind/fake-bus.ts";

const { signal } = new AbortController();
const nothing: Answer = { signature: "", body: [] };
const refused = (error: string): Answer => ({ error, text: "no" });

describe("Rebooting by logind", () => {
  let folder: string;
  let socket: string;
  let logind: Logind;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "rebootd-bus-"));
    socket = join(folder, "bus");
    logind = createLogind(socket, systemClock);
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** Runs the work with a bus that gives these answers by member. All others close the connection. */
  async function answering(answers: Record<string, Answer>, work: (bus: FakeBus) => Promise<void>) {
    const bus = await startFakeBus({ socket, answer: ({ member }) => answers[member] ?? "hang up" });
    try {
      await work(bus);
      assert.equal(await bus.connections(), 0, "a connection was left open");
    } finally {
      await bus.close();
    }
  }

  it("calls Reboot without a prompt, or RebootWithFlags to skip inhibitors if the version has it", () =>
    everyRow(
      [
        ["no question to a person at a screen", false, { Reboot: nothing }, ["Reboot(false)"]],
        ["inhibitors are skipped", true, { RebootWithFlags: nothing }, ["RebootWithFlags(16)"]],
        [
          "an old version, which always skips them",
          true,
          { RebootWithFlags: refused("org.freedesktop.DBus.Error.InvalidArgs"), Reboot: nothing },
          ["RebootWithFlags(16)", "Reboot(false)"],
        ],
      ] as [string, boolean, Record<string, Answer>, string[]][],
      (skipInhibitors, answers, calls) =>
        answering(answers, async (bus) => {
          await logindRebooter(logind, { skipInhibitors }).reboot(signal);
          assert.deepEqual(bus.calls, calls);
        }),
    ));

  it("asks for another kind by its flag, and never for a full reboot instead", async () => {
    for (const [kind, skipInhibitors, calls] of [
      ["soft", false, ["RebootWithFlags(4)"]],
      ["kexec", false, ["RebootWithFlags(2)"]],
      ["soft", true, ["RebootWithFlags(20)"]],
    ] as const) {
      await answering({ RebootWithFlags: nothing }, async (bus) => {
        await logindRebooter(logind, { skipInhibitors }).reboot(signal, kind);
        assert.deepEqual(bus.calls, calls);
      });
    }
    const unknown = refused("org.freedesktop.DBus.Error.InvalidArgs");
    await answering({ RebootWithFlags: unknown, SetWallMessage: nothing }, async (bus) => {
      const rebooter = logindRebooter(logind, { skipInhibitors: true });
      await assert.rejects(rebooter.reboot(signal, "soft"), RebootRefused);
      assert.deepEqual(bus.calls.slice(0, 2), ["RebootWithFlags(20)", "RebootWithFlags(4)"]);
    });
  });

  it("is certainly refused by an answer that says so, and without a bus", async () => {
    const rebooter = logindRebooter(logind, { skipInhibitors: true });
    await assert.rejects(rebooter.reboot(signal), RebootRefused);
    const blocked = refused("org.freedesktop.login1.BlockedByInhibitorLock");
    await answering({ RebootWithFlags: blocked }, () =>
      assert.rejects(
        rebooter.reboot(signal),
        (error) =>
          error instanceof RebootRefused && /asking logind to reboot: .*BlockedBy/.test(error.message),
      ),
    );
  });

  it("has its text shown, and takes the text back if it is refused", async () => {
    await answering({ SetWallMessage: nothing, Reboot: nothing }, async (bus) => {
      const rebooter = logindRebooter(logind, { skipInhibitors: false });
      await rebooter.announce?.("rebooting node n1: packages libc6", signal);
      await rebooter.reboot(signal);
      assert.deepEqual(bus.calls, [
        "SetWallMessage(rebootd: rebooting node n1: packages libc6, true)",
        "Reboot(false)",
      ]);
    });
    const denied = refused("org.freedesktop.DBus.Error.AccessDenied");
    for (const SetWallMessage of [nothing, denied]) {
      await answering({ SetWallMessage, Reboot: denied }, async (bus) => {
        await assert.rejects(logindRebooter(logind, { skipInhibitors: false }).reboot(signal), RebootRefused);
        assert.deepEqual(bus.calls, ["Reboot(false)", "SetWallMessage(, false)"]);
      });
    }
  });

  it("is not certainly refused without an answer", async () => {
    await answering({}, () =>
      assert.rejects(
        logindRebooter(logind, { skipInhibitors: false }).reboot(signal),
        (error) => !(error instanceof RebootRefused),
      ),
    );
  });

  it("names what is missing on the node, for root and for another user", () =>
    everyRow(
      [
        ["root", 0, /"no"$/],
        [
          "473",
          473,
          /"no"; user 473 must be in the node's list of users and in a rule of polkit: see manifests\/components\/rootless$/,
        ],
      ] as [string, number, RegExp][],
      async (uid, ending) => {
        const denying = { canReboot: async () => "no", listInhibitors: async () => [] } as unknown as Logind;
        assert.match(
          (await logindRebooter(denying, { skipInhibitors: false, uid }).precheck(signal)) ?? "",
          ending,
        );
      },
    ));

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
  it("can work after a yes, and after a refusal that is due to a block inhibitor", () =>
    everyRow(
      rows.map((row) => [`${row[0]}, inhibitor: ${row[2]?.mode}`, row] as const),
      async ([answer, failure, inhibitor]) => {
        const canReboot = async () => {
          if (answer instanceof Error) throw answer;
          return answer;
        };
        const listInhibitors = async () => (inhibitor === undefined ? [] : [inhibitor]);
        const method = logindRebooter({ canReboot, listInhibitors } as unknown as Logind, {
          skipInhibitors: false,
        });
        const found = await method.precheck(signal);
        if (failure === undefined) assert.equal(found, undefined);
        else assert.match(found ?? "", failure);
      },
    ));
});
