import assert from "node:assert/strict";
import { minutes, object, record, stage } from "./builders.ts";
import {
  givenUpIsLeftAlone,
  noEndlessDrain,
  noLongJobAgain,
  noRebootLoop,
  outageIsNoFailure,
  rebootedAsNeeded,
} from "./nothing-endless.ts";

describe("P6, no endless anything, is broken by", () => {
  it("a fourth reboot for one need", () => {
    const { look, node, broken } = stage();
    for (const reboots of [1, 2, 3]) {
      node("n1", { reboots });
      noRebootLoop(look).onReboot?.("n1");
    }
    assert.deepEqual(broken(), []);
    node("n1", { reboots: 4 });
    noRebootLoop(look).onReboot?.("n1");
    assert.deepEqual(broken(), ["no reboot loop"]);
  });

  it("more or fewer reboots than there were needs", () => {
    const { look, broken } = stage();
    rebootedAsNeeded(look, () => [
      { name: "n1", reboots: 1, expected: 1 },
      { name: "n2", reboots: 2, expected: 1 },
      { name: "n3", reboots: 0, expected: 1 },
    ]).atEnd?.();
    assert.deepEqual(broken(), ["one reboot for each need", "one reboot for each need"]);
  });

  it("a start after so many failures that the node was given up", () => {
    const { look, broken } = stage();
    const checker = givenUpIsLeftAlone(look);
    checker.onRecord?.(record({ phase: "Failed", failures: 3 }, { phase: "Draining" }));
    assert.deepEqual(broken(), ["a node that was given up is left alone"]);
    checker.onRecord?.(record({ phase: "Failed", failures: 2 }, { phase: "Draining" }));
    assert.deepEqual(broken(), []);
  });

  it("a drain that lasts longer than its timeout, without time in which the daemon is blind", () => {
    const drained = (tookMs: number, blindMs = 0) => {
      const { look, node, broken, now } = stage({ disturbedMs: () => blindMs });
      node("n1", { drainingSince: now - tookMs });
      noEndlessDrain(look).onRecord?.(record({ phase: "Draining" }, { phase: "Rebooting" }));
      return broken();
    };
    assert.deepEqual(drained(minutes(21)), ["no endless drain"]);
    assert.deepEqual(drained(minutes(21), minutes(5)), []);
    assert.deepEqual(drained(minutes(14)), []);
  });

  it("a drain that fails by its deadline because the server was away", () => {
    const failed = (awayMs: number) => {
      const { look, node, broken, now } = stage({ awayMs: () => awayMs });
      node("n1", { drainingSince: now - minutes(15) });
      const outcome = { result: "failed", message: "the drain timed out (--drain-timeout)" };
      outageIsNoFailure(look).onRecord?.(record({ phase: "Draining" }, { phase: "Restoring", outcome }));
      return broken();
    };
    assert.deepEqual(failed(minutes(5)), ["an outage is no failure"]);
    assert.deepEqual(failed(0), []);
  });

  it("a second drain of a pod whose grace has outlasted the first", () => {
    const drainedAgain = (graceSeconds: number) => {
      const { look, objects, broken } = stage();
      const spec = { nodeName: "n1", terminationGracePeriodSeconds: graceSeconds };
      objects.set("pods/default/job", object("job", { spec }));
      const before = { phase: "Failed", slowGraceSeconds: 3600 } as const;
      noLongJobAgain(look).onRecord?.(record(before, { phase: "Draining" }));
      return broken();
    };
    assert.deepEqual(drainedAgain(3600), ["no long job is ended again and again"]);
    assert.deepEqual(drainedAgain(30), []);
  });
});
