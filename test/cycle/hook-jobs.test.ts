import assert from "node:assert/strict";
import { decide } from "../../daemon/cycle/decide.ts";
import type { Policy } from "../../daemon/cycle/decision.ts";
import { jobPauseMs } from "../../daemon/cycle/hook-jobs.ts";
import type { JobState, Observation } from "../../daemon/cycle/observation.ts";
import { type CycleRecord, clamped, parseRecord, shifted, writeRecord } from "../../daemon/cycle/record.ts";
import { everyRow } from "../rows.ts";
import { action, iso, minute, noon, policy, record, saved, seen } from "./builders.ts";

const template = "storage/set-noout";
const job = "storage/set-noout-before-0123456789";
const undoing = "storage/unset-noout-after-0123456789";
const beforeJob: Policy["beforeJob"] = { template, timeoutMs: 5 * minute, failed: "restore" };
const afterJob: Policy["afterJob"] = { template, timeoutMs: 5 * minute, failed: "wait" };
const before = policy({ beforeJob });
const both = policy({ beforeJob, afterJob });

const known = { id: "mi9q", since: iso(noon), is: "seen" } as const;
const asked = { ...known, is: "asked" } as const;
const draining = record({ phase: "Draining" });
const setback = { times: 1, until: noon + 15_000, why: "quota", isRefused: false };
type Facts = Parameters<typeof seen>[0];

const empty = (state?: JobState, facts: Facts = {}): Observation => ({
  ...seen({ drain: { state: "done", at: noon }, stage: "reboot", ...facts }),
  ...(state !== undefined && { beforeJob: state }),
});
const back = (state?: JobState, facts: Facts = {}): Observation => ({
  ...seen({ rebooted: true, readySince: noon - minute, ...facts }),
  ...(state !== undefined && { afterJob: state }),
});

describe("The Job before the reboot", () => {
  const whileIs = (is: CycleRecord["beforeJob"]): CycleRecord => ({ ...draining, beforeJob: is });

  it("is written into the record, then looked for, then created", () => {
    const first = saved(decide(draining, empty(), before, noon));
    assert.deepEqual(first.beforeJob, { id: noon.toString(36), since: iso(noon), is: "asked" });
    assert.deepEqual(action(decide(first, empty(), before, noon)), { do: "look", at: "before job" });
    assert.deepEqual(action(decide(first, empty({ state: "absent", job }), before, noon)), {
      do: "run job",
      hook: "before",
      id: noon.toString(36),
      deadline: noon + 5 * minute,
    });
  });

  it("is waited for, and the Node says so", () => {
    const running = empty({ state: "running", job });
    const found = saved(decide(whileIs(asked), running, before, noon + 1000));
    assert.equal(found.beforeJob?.is, "seen");
    assert.deepEqual(
      found.reasons.map(({ gate, code, message }) => [gate, code, message]),
      [["hooks", "job", `waiting for the Job ${job} to end`]],
    );
    const waits = action(decide(found, running, before, noon + 2000));
    assert.deepEqual(waits, { do: "wait", until: noon + 7000 });
    const late = action(decide(found, running, before, noon + 5 * minute + 1000));
    assert.deepEqual(late, { do: "wait", until: noon + 6 * minute + 1000 });
  });

  it("is looked at again ever later, once a minute at most", () => {
    const pauses = [0, 1, 2, 3, 4, 60].map((minutes) => jobPauseMs(minutes * minute));
    assert.deepEqual(pauses, [5000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  });

  it("is followed by the reboot once it is complete, and is not run for another try of that", () => {
    const next = saved(decide(whileIs(known), empty({ state: "complete", job }), before, noon + minute));
    assert.deepEqual([next.phase, next.beforeJob?.is], ["Rebooting", "ended"]);
    const again = { ...next, phase: "Draining" } as const;
    assert.equal(saved(decide(again, empty(), before, noon + 2 * minute)).phase, "Rebooting");
  });

  const rows: [
    what: string,
    is: CycleRecord["beforeJob"],
    state: JobState,
    at: number,
    facts: Facts,
    says: RegExp,
  ][] = [
    ["it has failed", known, { state: "failed", job, why: "exit 1" }, noon, {}, /has failed: exit 1/],
    ["it does not end", known, { state: "running", job }, noon + 6 * minute, {}, /did not end in time/],
    [
      "it cannot be seen",
      known,
      { state: "unknown", job, why: "500" },
      noon + 6 * minute,
      {},
      /cannot tell .*: 500/,
    ],
    ["it was deleted", known, { state: "absent", job }, noon, {}, /somebody deleted the Job/],
    [
      "it was not created in time",
      asked,
      { state: "absent", job },
      noon + 6 * minute,
      {},
      /cannot create the Job/,
    ],
  ];
  it("makes the cycle fail, unless --before-reboot-job-failed says otherwise, where", () =>
    everyRow(
      rows.map(([what, ...row]) => [what, ...row] as const),
      (is, state, at, facts, says) => {
        const restored = saved(decide(whileIs(is), empty(state, facts), both, at));
        assert.deepEqual([restored.phase, restored.outcome?.result], ["Restoring", "failed"]);
        assert.match(restored.outcome?.message ?? "", says);
        assert.notEqual(restored.beforeJob, undefined);
        const lenient = policy({ beforeJob: { ...beforeJob, failed: "go-on" } });
        assert.equal(saved(decide(whileIs(is), empty(state, facts), lenient, at)).phase, "Rebooting");
      },
    ));

  it("is not undone where the server has refused to create it", () => {
    const refused = { setbacks: { "run the before job": { ...setback, isRefused: true } } };
    const state = { state: "absent", job } as const;
    const next = saved(decide(whileIs(asked), empty(state, refused), both, noon));
    assert.deepEqual([next.phase, next.beforeJob], ["Restoring", undefined]);
    const lenient = policy({ beforeJob: { ...beforeJob, failed: "go-on" } });
    const without = saved(decide(draining, empty(state, refused), policy({ beforeJob: undefined }), noon));
    assert.deepEqual([without.phase, without.beforeJob], ["Rebooting", undefined]);
    assert.equal(saved(decide(whileIs(asked), empty(state, refused), lenient, noon)).phase, "Rebooting");
  });

  it("is tried again after other failures, and the Node says what is wrong", () => {
    const failing = { setbacks: { "run the before job": setback } };
    const next = saved(decide(whileIs(asked), empty({ state: "absent", job }, failing), before, noon));
    assert.match(next.reasons[0]?.message ?? "", /^cannot create the Job .*: quota$/);
    const decision = decide(next, empty({ state: "absent", job }, failing), before, noon);
    assert.deepEqual(action(decision), { do: "wait", until: noon + 15_000 });
    const due = decide(next, empty({ state: "absent", job }, failing), before, noon + 15_000);
    assert.equal(action(due).do, "run job");
  });

  it("is waited for while it cannot be seen", () => {
    const next = saved(decide(whileIs(known), empty({ state: "unknown", job, why: "500" }), before, noon));
    assert.match(next.reasons[0]?.message ?? "", /cannot tell/);
  });

  it("gives a drain that starts anew during it its time again", () => {
    const long = record({ phase: "Draining", beforeJob: { ...known, since: iso(noon + 10 * minute) } });
    const { action } = decide(long, seen({ stage: "drain" }), before, noon + 16 * minute);
    assert.ok(action.do === "drain");
    assert.equal(action.deadline, noon + 25 * minute);
  });
});

describe("The Job after the reboot", () => {
  const returning = record({ phase: "Returning" });
  const whileIs = (is: CycleRecord["afterJob"]): CycleRecord => ({ ...returning, afterJob: is });

  it("is run once the node is back, before the uncordon", () => {
    const first = saved(decide(returning, back(), both, noon));
    assert.deepEqual([first.phase, first.afterJob?.is, first.cordon], ["Returning", "asked", undefined]);
    assert.deepEqual(action(decide(first, back(), both, noon)), { do: "look", at: "after job" });
    assert.equal(action(decide(first, back({ state: "absent", job }), both, noon)).do, "run job");
    const found = saved(decide(first, back({ state: "running", job }), both, noon));
    assert.equal(found.afterJob?.is, "seen");
    const waits = action(decide(found, back({ state: "running", job }), both, noon));
    assert.deepEqual(waits, { do: "wait", until: noon + 5000 });
    const ended = saved(decide(found, back({ state: "complete", job }), both, noon + minute));
    assert.equal(ended.afterJob?.is, "ended");
    const next = saved(decide(ended, back(), both, noon + minute));
    assert.deepEqual([next.phase, next.cordon, next.afterJob], ["Settling", "clear", undefined]);
  });

  it("keeps the slot if it fails, and is run again once it was deleted", () => {
    const failed = { state: "failed", job: undoing, why: "exit 1" } as const;
    const decision = decide(whileIs(known), back(failed), both, noon + minute);
    assert.deepEqual([action(decision), decision.overdue], [{ do: "wait", until: noon + 2 * minute }, true]);
    assert.match(decision.why, /exit 1; once that is repaired and the Job deleted, it is run again/);
    const again = saved(decide(whileIs(known), back({ state: "absent", job: undoing }), both, noon + minute));
    assert.deepEqual(again.afterJob, { ...asked, since: iso(noon + minute) });
  });

  it("is tried again and again where it cannot be created, as there is none to delete", () => {
    const absent = { state: "absent", job: undoing } as const;
    const at = noon + 6 * minute;
    const refused = { ...setback, isRefused: true, until: at + 1000 };
    const facts = { setbacks: { "run the after job": refused } };
    const held = decide(whileIs(asked), back(absent, facts), both, at);
    assert.deepEqual([action(held).do, held.overdue], ["wait", true]);
    const again = saved(decide(whileIs(asked), back(absent, facts), both, at + 1000));
    assert.deepEqual(again.afterJob, { ...asked, since: iso(at + 1000) });
    assert.equal(action(decide(again, back(absent, facts), both, at + 1000)).do, "run job");
  });

  it("does not keep the node cordoned if it fails and --after-reboot-job-failed says so", () => {
    const lenient = policy({ afterJob: { ...afterJob, failed: "go-on" } });
    const failed = { state: "failed", job: undoing, why: "exit 1" } as const;
    const next = saved(decide(whileIs(known), back(failed), lenient, noon));
    assert.equal(next.phase, "Settling");
    assert.match(next.outcome?.message ?? "", /exit 1/);
  });

  it("waits until the one before has ended, where the machine went down during that", () => {
    const both1 = { ...returning, beforeJob: known };
    assert.deepEqual(action(decide(both1, back(), both, noon)), { do: "look", at: "before job" });
    const running = { ...back(), beforeJob: { state: "running", job } } as const;
    assert.equal(action(decide(both1, running, both, noon)).do, "wait");
    const gone = { ...back(), beforeJob: { state: "unknown", job, why: "500" } } as const;
    assert.equal(saved(decide(both1, gone, both, noon)).afterJob?.is, "asked");
    const onlyAfter = policy({ afterJob });
    assert.equal(saved(decide(both1, back(), onlyAfter, noon)).afterJob?.is, "asked");
  });
});

describe("The Job after the reboot, for a restored node", () => {
  const outcome = { result: "withdrawn", at: iso(noon), message: "paused" } as const;
  const restoring = record({ phase: "Restoring", cordoned: false, outcome, beforeJob: known });
  const free = (jobs: Partial<Observation>): Observation => ({ ...seen(), ...jobs });
  const ended = { state: "complete", job } as const;

  it("undoes the one before, after which the slot is released", () => {
    assert.deepEqual(action(decide(restoring, free({}), both, noon)), { do: "look", at: "before job" });
    const first = saved(decide(restoring, free({ beforeJob: ended }), both, noon));
    assert.equal(first.afterJob?.is, "asked");
    const found = saved(decide(first, free({ afterJob: { state: "running", job: undoing } }), both, noon));
    assert.equal(found.afterJob?.is, "seen");
    const running = decide(found, free({ afterJob: { state: "running", job: undoing } }), both, noon);
    assert.equal(action(running).do, "wait");
    const done = saved(decide(found, free({ afterJob: { state: "complete", job: undoing } }), both, noon));
    assert.deepEqual([done.beforeJob, done.afterJob], [undefined, undefined]);
    assert.equal(action(decide(done, free({}), both, noon)).do, "release");
  });

  it("does not keep the slot if it fails, and the outcome says so", () => {
    const failed = { state: "failed", job: undoing, why: "exit 1" } as const;
    const tried = { ...restoring, afterJob: known };
    const next = saved(decide(tried, free({ afterJob: failed }), both, noon));
    assert.equal(next.outcome?.message, `paused; not undone: the Job ${undoing} has failed: exit 1`);
    const deleted = decide(tried, free({ afterJob: { state: "absent", job: undoing } }), both, noon);
    assert.match(saved(deleted).outcome?.message ?? "", /somebody deleted/);
    const { outcome: _, ...bare } = tried;
    assert.equal(saved(decide(bare, free({ afterJob: failed }), both, noon)).outcome, undefined);
  });

  it("is not run where there was none before, or none is to be run after", () => {
    const begun = { ...draining, beforeJob: known };
    const paused = empty(undefined, { held: false });
    assert.deepEqual(saved(decide(begun, paused, both, noon)).beforeJob, known);
    assert.equal(saved(decide(begun, paused, before, noon)).beforeJob, undefined);
    assert.equal(action(decide(restoring, free({}), before, noon)).do, "release");
  });
});

describe("The Jobs in the record", () => {
  it("survive a restart, and move with a clock that is set", () => {
    const written = record({ beforeJob: known, afterJob: asked });
    assert.deepEqual(parseRecord(writeRecord(written)).record, {
      ...parseRecord(writeRecord(written)).record,
      beforeJob: known,
      afterJob: asked,
    });
    assert.equal(shifted(written, minute).beforeJob?.since, iso(noon + minute));
    assert.equal(clamped(written, noon - minute).afterJob?.since, iso(noon - minute));
  });
});
