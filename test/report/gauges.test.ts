import assert from "node:assert/strict";
import type { Action } from "../../daemon/cycle/decision.ts";
import { historyAfter } from "../../daemon/cycle/history.ts";
import type { Observation } from "../../daemon/cycle/observation.ts";
import type { Phase } from "../../daemon/cycle/record.ts";
import { createPaused, showDecision, showRecord } from "../../daemon/report/gauges.ts";
import { createMetrics } from "../../daemon/report/metrics.ts";
import { ended, idle, iso, minute, noon, record, seen } from "../cycle/builders.ts";
import { everyRow } from "../rows.ts";

function shown() {
  const metrics = createMetrics("n1", "1.2.3");
  return {
    metrics,
    /** The value of each series of these metrics. */
    async values(...names: string[]): Promise<Record<string, number>> {
      const text = await metrics.registry.metrics();
      const lines = text.split("\n").filter((line) => names.some((name) => line.startsWith(`${name}{`)));
      return Object.fromEntries(
        lines.map((line) => {
          const [, series = "", value] = /^(.*?),?node="n1"\} (.*)$/.exec(line) ?? [];
          return [`${series.replace(/^rebootd_/, "")}}`.replace("{}", ""), Number(value)];
        }),
      );
    },
  };
}

const waits: Action = { do: "wait" };
const waitsForSlot: Action = { do: "wait", slot: true };

describe("The metrics of a record", () => {
  const durations = "rebootd_cycle_duration_seconds";

  it("have no cycle before it was read, so that no restart looks like a cycle", async () => {
    const { metrics, values } = shown();
    const names = ["rebootd_cycles_total", `${durations}_count`, "rebootd_last_reboot_timestamp_seconds"];
    assert.deepEqual(await values(...names), {});
    showRecord(metrics, idle());
    assert.deepEqual(await values(...names), {
      'cycles_total{outcome="rebooted"}': 0,
      'cycles_total{outcome="failed"}': 0,
      'cycles_total{outcome="withdrawn"}': 0,
      'cycle_duration_seconds_count{part="wait"}': 0,
      'cycle_duration_seconds_count{part="drain"}': 0,
      'cycle_duration_seconds_count{part="boot"}': 0,
      'cycle_duration_seconds_count{part="return"}': 0,
      last_reboot_timestamp_seconds: 0,
    });
  });

  it("are those of its history, with buckets that add up", async () => {
    const { metrics, values } = shown();
    let history = historyAfter(undefined, ended("rebooted", { drain: 45_500 }, { rebootedAt: iso(noon) }));
    history = historyAfter(history, ended("failed", { drain: 20_000 }));
    history = historyAfter(history, ended("rebooted", { drain: 5 * 3_600_000 }));
    for (let time = 0; time < 2; time += 1) showRecord(metrics, record({ history }));
    assert.deepEqual(
      Object.entries(await values(`${durations}_bucket`, `${durations}_sum`, `${durations}_count`))
        .filter(([series]) => series.includes("drain"))
        .map(([, value]) => value),
      [1, 2, 2, 2, 2, 2, 2, 2, 3, 18_065.5, 3],
    );
    assert.deepEqual(Object.values(await values("rebootd_cycles_total")), [2, 1, 0]);
    assert.deepEqual(Object.values(await values("rebootd_last_reboot_timestamp_seconds")), [noon / 1000]);
  });
});

describe("The metrics of a decision", () => {
  it("show the need and since when, and kured's metric without NaN", () =>
    everyRow(
      [
        ["needed", record(), seen(), [1, noon / 1000, 1]],
        ["not yet in the record", idle(), seen({ neededSince: noon + 1000 }), [1, noon / 1000 + 1, 1]],
        ["not needed", record(), seen({ needed: false }), [0, 0, 0]],
        ["cannot tell", idle(), seen({ needed: "unknown" }), [Number.NaN, 0, 0]],
        ["cannot tell any more", record(), seen({ needed: "unknown" }), [Number.NaN, noon / 1000, 0]],
        ["not looked at", record(), seen({ without: "need" }), [0, noon / 1000, 0]],
      ] as const,
      async (before, now, values) => {
        const { metrics, values: read } = shown();
        showDecision(metrics, before, now, { action: waits, why: "" });
        const found = await read(
          "rebootd_reboot_required",
          "rebootd_reboot_required_since_timestamp_seconds",
          "kured_reboot_required",
        );
        assert.deepEqual(Object.values(found), values);
      },
    ));

  it("show the lock while it is followed, and that nothing is known of it otherwise", () => {
    const halted = { gate: "lock", code: "halted", message: "" } as const;
    const manual = { gate: "lock", code: "lock-manual", message: "" } as const;
    const none = Number.NaN;
    return everyRow(
      [
        ["holds a slot", seen({ held: true }), waits, [1, 1, 0]],
        ["waits for a slot", seen({ held: false }), waitsForSlot, [1, 0, 0]],
        ["is halted", seen({ held: false, refusal: halted }), waitsForSlot, [1, 0, 1]],
        ["is refused otherwise", seen({ held: false, refusal: manual }), waitsForSlot, [1, 0, 0]],
        ["waits for a gate", seen({ held: false, refusal: halted }), waits, [none, none, 0]],
        ["is about to acquire", seen({ held: false }), { do: "acquire" }, [1, 0, 0]],
        ["has not looked", seen({ without: "lock" }), waitsForSlot, [none, none, 0]],
      ] as const,
      async (now, action, values) => {
        const { metrics, values: read } = shown();
        metrics.halted.set(7);
        showDecision(metrics, record({ phase: "Waiting" }), now, { action, why: "" });
        const found = await read("rebootd_slots_allowed", "rebootd_slots_held", "rebootd_halted");
        assert.deepEqual(Object.values(found), values);
      },
    );
  });

  it("show the slot while it is held, and not after its release, when nobody reads the lock again", () =>
    everyRow(
      [
        ["holds it", seen({ held: true }), 0, 1],
        ["holds none", seen({ held: false }), 1, 0],
        ["has released it", { ...seen({ without: "lock" }), mayHoldSlot: false }, 1, 0],
        ["cannot read the lock", { ...seen({ without: "lock" }), mayHoldSlot: true }, 1, 1],
        ["waits, and has not looked", { ...seen({ without: "lock" }), mayHoldSlot: true }, 0, 0],
        [
          "has just started in its cycle",
          { ...seen({ without: "lock" }), mayHoldSlot: true },
          0,
          1,
          "Settling",
        ],
      ] as [string, Observation, number, number, Phase?][],
      async (now, before, after, phase = "Waiting") => {
        const { metrics, values } = shown();
        metrics.slotHeld.set(before);
        showDecision(metrics, record({ phase }), now, { action: waits, why: "" });
        assert.deepEqual(Object.values(await values("rebootd_slot_held")), [after]);
      },
    ));

  it("show no text of a record that was written by hand, and one series for all of it", async () => {
    const { metrics, values } = shown();
    const forged = Array.from({ length: 1000 }, (_, n) => ({ gate: "lock", code: `x"}\n${n}` }));
    const reasons = [...forged, { gate: "<b>", code: "halted" }, { gate: "lock", code: "halted" }];
    const found = reasons.map((one) => ({ ...one, message: "", since: iso(noon) }));
    showDecision(metrics, record(), seen(), { action: waits, why: "", reasons: found });
    assert.deepEqual(await values("rebootd_gate_closed"), {
      'gate_closed{gate="other",reason="other"}': 1,
      'gate_closed{gate="lock",reason="halted"}': 1,
    });
  });

  it("show blocking pods until that gate blocks no more", async () => {
    const { metrics, values } = shown();
    metrics.blockingPods.set(3);
    const reasons = [{ gate: "pods", code: "blocking", message: "", since: iso(noon) }];
    showDecision(metrics, record(), seen(), { action: waits, why: "", reasons });
    assert.deepEqual(await values("rebootd_blocking_pods"), { blocking_pods: 3 });
    showDecision(metrics, record(), seen(), { action: waits, why: "" });
    assert.deepEqual(await values("rebootd_blocking_pods"), { blocking_pods: 0 });
  });
});

describe("A pause", () => {
  const until = { paused: `until ${iso(noon + minute)}: disks` };
  const cluster = { gate: "paused", code: "cluster", message: "" } as const;

  it("is shown as of the node's annotation until its end, and as of the lock while that is followed", () =>
    everyRow(
      [
        ["the node's", { ...seen(), paused: "true" }, waits, noon, true],
        ["none", { ...seen(), paused: undefined }, waits, noon, false],
        ["one that is no pause", { ...seen(), paused: "false" }, waits, noon, false],
        ["one with an end", { ...seen(), ...until }, waits, noon, true],
        ["one that has ended since", { ...seen(), ...until }, waits, noon + minute, false],
        ["that of all nodes", seen({ held: false, refusal: cluster }), waitsForSlot, noon, true],
        ["that of all nodes, long ago", seen({ held: false, refusal: cluster }), waits, noon, false],
      ] as const,
      (now, action, at, isPaused) => {
        const paused = createPaused();
        assert.equal(paused.isPaused(at), false);
        paused.decided(now, { action, why: "" });
        assert.equal(paused.isPaused(at), isPaused);
      },
    ));
});
