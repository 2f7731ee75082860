import assert from "node:assert/strict";
import { decide } from "../../daemon/cycle/decide.ts";
import type { Observation } from "../../daemon/cycle/observation.ts";
import { askedKind, isOfThisBoot, mayBeSoft, proofOf } from "../../daemon/cycle/reboot-kind.ts";
import { parseRecord, writeRecord } from "../../daemon/cycle/record.ts";
import { everyRow } from "../rows.ts";
import { action, idle, iso, minute, noon, policy, record, saved, seen } from "./builders.ts";

const soft = policy({ rebootKind: "soft" });
const oldBoot = seen().bootID;
const counted = (softReboots: number, since = noon): Observation["userspace"] => ({
  state: "seen",
  softReboots,
  since,
});
const silent: Observation["userspace"] = { state: "unknown", why: "the bus is down" };

describe("A need", () => {
  const rows: [what: string, reasons: string[], isServed: boolean][] = [
    ["without reasons", [], true],
    ["of libraries", ["libc6", "dbus", "openssl-libs"], true],
    ["of a kernel that runs for too long", ["up for more than 26d, due by --max-uptime=30d"], false],
    ["of a program that waits for a boot ID", ["requested by label example.com/reboot=a"], false],
    ["that asks for a soft reboot", ["transactional-update: soft-reboot"], true],
    ["of another kernel on Debian", ["libc6", "linux-image-6.1.0-29-amd64"], false],
    ["of another kernel on Fedora", ["kernel-core"], false],
    ["of another kernel on Amazon Linux", ["kernel6.12"], false],
    ["of another kernel, with its version", ["kernel -> 5.14"], false],
    ["of firmware", ["linux-firmware"], false],
    ["of microcode", ["intel-microcode"], false],
    ["for which the host asks for kexec", ["transactional-update: kexec"], false],
    ["for which the host asks for a reboot", ["reboot"], false],
  ];
  it("is served by a soft reboot if it names nothing that needs more", () =>
    everyRow(rows, (reasons, isServed) => {
      const need = { state: "needed", source: "file", reasons } as const;
      assert.equal(mayBeSoft(idle(), need, soft), isServed, "as it is now");
      const recorded = { ...idle(), need: { source: "file", reasons, since: "" } };
      assert.equal(mayBeSoft(recorded, { state: "not-needed" }, soft), isServed, "as it was recorded");
    }));

  it("is served by no soft reboot where it outlived a reboot, or where none is wanted", () => {
    assert.equal(mayBeSoft(idle({ reboots: 1 }), undefined, soft), false);
    for (const rebootKind of ["full", "kexec"] as const)
      assert.equal(mayBeSoft(idle(), undefined, policy({ rebootKind })), false);
  });

  it("is served by kexec once, and fully where it outlives that", () => {
    const kexec = policy({ rebootKind: "kexec" });
    assert.equal(askedKind(record(), kexec), "kexec");
    assert.equal(askedKind(record({ reboots: 1 }), kexec), "full");
    assert.equal(askedKind(record(), policy()), "full");
    assert.equal(askedKind(record({ softReboots: 0 }), policy()), "soft", "as the cycle began");
  });
});

describe("The proof of a reboot", () => {
  const rows: [
    what: string,
    softReboots: number | undefined,
    userspace: Observation["userspace"],
    proof: object,
  ][] = [
    ["is none under the same boot ID", undefined, undefined, { is: "none" }],
    [
      "is none for a full reboot, however often the userspace was replaced",
      undefined,
      counted(9),
      { is: "none" },
    ],
    ["is to be looked at for a soft reboot", 0, undefined, { is: "look" }],
    ["is none under the same count", 2, counted(2), { is: "none" }],
    ["is none under a lower count", 2, counted(1), { is: "none" }],
    ["is a higher count", 2, counted(3), { is: "soft" }],
    ["is unknown without an answer", 2, silent, { is: { unknown: "the bus is down" } }],
  ];
  it("is a pair of boot ID and count", () =>
    everyRow(rows, (softReboots, userspace, proof) => {
      assert.deepEqual(
        { is: proofOf({ bootID: oldBoot, softReboots }, { bootID: oldBoot, userspace }) },
        proof,
      );
      const booted = proofOf({ bootID: oldBoot, softReboots }, { bootID: "another", userspace });
      assert.equal(booted, "full", "another boot ID is a full reboot, whatever was asked for");
    }));

  it("is of the count in the record, which other versions do not know", () => {
    const { softReboots, ...others } = record({ softReboots: 3 });
    assert.equal(parseRecord(writeRecord({ ...others, softReboots })).record?.softReboots, 3);
    assert.equal(parseRecord(writeRecord(others)).record?.softReboots, undefined);
    const forged = JSON.stringify({ ...others, softReboots: "many" });
    assert.equal(parseRecord(forged).record?.softReboots, undefined);
  });
});

describe("What the kubelet says", () => {
  const said = (heartbeatAt: number | undefined, userspace: Observation["userspace"]) =>
    isOfThisBoot({ bootID: oldBoot, heartbeatAt }, { bootID: oldBoot, userspace });

  it("is of this boot by its boot ID, and after a soft reboot by a heartbeat since", () => {
    assert.equal(said(undefined, undefined), true);
    assert.equal(said(undefined, silent), true);
    assert.equal(said(noon - 1000, counted(0)), true);
    assert.equal(said(undefined, counted(1)), false);
    assert.equal(said(noon - 1000, counted(1)), false);
    assert.equal(said(noon, counted(1, noon + 999)), true);
    assert.equal(said(noon + 1000, counted(1)), true);
    assert.equal(isOfThisBoot({ bootID: "another" }, { bootID: oldBoot }), false);
    assert.equal(isOfThisBoot({ bootID: undefined }, {}), false);
  });
});

describe("A node that is to reboot softly", () => {
  const needy = record({ phase: "Waiting", cordoned: false });
  const gatesOpen = { node: { unschedulable: false }, needed: true } as const;
  const begin = (facts: Parameters<typeof seen>[0]) => {
    const all = seen({ ...gatesOpen, ...facts });
    return decide(
      needy,
      { ...all, need: { state: "needed", source: "file", reasons: ["libc6"] } },
      soft,
      noon,
    );
  };

  it("looks at the count before it begins, and before it takes a slot", () => {
    assert.deepEqual(action(begin({})), { do: "look", at: "userspace" });
    assert.deepEqual(action(begin({ held: false })), { do: "look", at: "userspace" });
    assert.equal(action(begin({ held: false, userspace: counted(0) })).do, "acquire");
  });

  it("does not begin without it, and releases a slot that it has", () => {
    assert.equal(action(begin({ userspace: silent })).do, "release");
    const waiting = saved(begin({ held: false, userspace: silent }));
    assert.match(
      waiting.reasons[0]?.message ?? "",
      /cannot tell whether a soft reboot would succeed: the bus/,
    );
  });

  it("begins with the count, but not on a slot that was acquired for a full reboot", () => {
    assert.equal(saved(begin({ userspace: counted(2) })).softReboots, 2);
    assert.equal(saved(begin({ userspace: counted(2), boot: "11111111+2" })).softReboots, 2);
    assert.equal(saved(begin({ userspace: counted(2), boot: "11111111" })).softReboots, undefined);
  });

  it("becomes one that reboots fully at the end of its drain, for a kernel or another daemon", () => {
    const need = { source: "file", reasons: [], since: iso(noon) };
    const draining = record({ phase: "Draining", softReboots: 2, need });
    const drained = (reasons: string[], rebootKind: "soft" | "full") => {
      const all = seen({ drain: { state: "done", at: noon }, stage: "reboot" });
      const need = { state: "needed", source: "file", reasons } as const;
      return saved(decide(draining, { ...all, need }, policy({ rebootKind }), noon)).softReboots;
    };
    assert.equal(drained(["libc6"], "soft"), 2);
    assert.equal(drained(["linux-base"], "soft"), undefined);
    assert.equal(drained(["libc6"], "full"), undefined);
  });
});

describe("A machine that was asked for a soft reboot", () => {
  const asked = record({
    phase: "Rebooting",
    attempt: 2,
    softReboots: 0,
    askedAt: "2026-11-24T12:00:00.000Z",
  });
  const at = (userspace: Observation["userspace"], now = noon) =>
    decide(asked, seen({ ...(userspace && { userspace }) }), soft, now);

  it("is looked at, and has rebooted once the count is higher", () => {
    assert.deepEqual(action(at(undefined)), { do: "look", at: "userspace" });
    const next = at(counted(1));
    assert.equal(saved(next).phase, "Returning");
    assert.match(next.why, /another soft reboot under the same boot ID; the machine has soft-rebooted/);
    assert.equal(action(at(counted(0))).do, "wait");
    assert.equal(action(at(silent)).do, "wait");
  });

  it("has not rebooted at its time, also where that cannot be told", () => {
    const late = noon + 10 * minute;
    assert.match(
      saved(at(counted(0), late)).outcome?.message ?? "",
      /asked to soft-reboot 2 times, but the machine is still up/,
    );
    assert.match(
      saved(at(silent, late)).outcome?.message ?? "",
      /but cannot tell whether the machine has soft-rebooted: the bus is down/,
    );
  });

  it("is not asked where nothing would tell", () => {
    const { askedAt, ...unasked } = asked;
    const goes = decide(unasked, seen({ userspace: counted(0) }), soft, noon);
    assert.deepEqual(
      [action(goes).do, goes.why],
      ["reboot", "slot, cordon, need and gates confirmed; soft-rebooting"],
    );
    const next = saved(decide(unasked, seen({ userspace: silent }), soft, noon));
    assert.deepEqual([next.phase, next.outcome?.result], ["Restoring", "failed"]);
  });
});

describe("A node that returns from a soft reboot", () => {
  const returning = record({ phase: "Returning", softReboots: 0 });
  const at = (facts: Parameters<typeof seen>[0], now = noon + 15_000) =>
    decide(returning, seen({ readySince: noon, node: { heartbeatAt: noon + 1000 }, ...facts }), soft, now);

  it("says that it was a soft one, and counts it", () => {
    const next = saved(at({ userspace: counted(1) }));
    assert.equal(next.outcome?.message, "soft-rebooted, Ready and uncordoned");
    assert.deepEqual(
      [next.softReboots, next.history?.softReboots, next.history?.last[0]?.kind],
      [undefined, 1, "soft"],
    );
    const { node } = seen({ rebooted: true });
    assert.ok(typeof node === "object");
    const full = saved(at({ rebooted: true, node }));
    assert.equal(full.outcome?.message, "rebooted, Ready and uncordoned");
    assert.deepEqual([full.history?.softReboots, full.history?.last[0]?.kind], [undefined, undefined]);
  });

  it("waits for the new kubelet, and for an answer of systemd", () => {
    assert.deepEqual(action(at({})), { do: "look", at: "userspace" });
    assert.match(
      at({ userspace: counted(1), node: { heartbeatAt: noon - 1000 } }).why,
      /kubelet has not yet reported/,
    );
    assert.match(at({ userspace: silent }).why, /cannot tell whether the machine has soft-rebooted/);
    const late = at({ userspace: silent }, noon + 20 * minute);
    assert.deepEqual([action(late).do, late.overdue], ["wait", true]);
  });

  it("has failed where the count is the one from before, or the lock says so", () => {
    const unproved = (facts: Parameters<typeof seen>[0]) => saved(at(facts)).outcome?.message ?? "";
    assert.match(
      unproved({ userspace: counted(0) }),
      /before the reboot, and systemd has counted no soft reboot since/,
    );
    for (const boot of ["11111111+1", "11111111"])
      assert.match(unproved({ userspace: counted(1), boot }), /the lock names the boot that still runs/);
    assert.equal(saved(at({ userspace: counted(1), boot: "11111111+0" })).phase, "Settling");
  });
});
