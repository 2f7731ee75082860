import assert from "node:assert/strict";
import type { KubeObject } from "../kubernetes/api/object.ts";
import { type Stage, stage } from "./builders.ts";
import { hookJobsRunOnce } from "./hook-jobs.ts";

const promise = "the Job before the reboot is run once, before it";

function job(name: string, type?: string): KubeObject {
  const labels = { "rebootd.dev/hook": "before", "rebootd.dev/node": "n1" };
  const conditions = type === undefined ? [] : [{ type, status: "True" }];
  return { kind: "Job", metadata: { name, labels }, status: { conditions } } as unknown as KubeObject;
}

function nodeWith(beforeJob: object | undefined): KubeObject {
  const annotations = { "rebootd.dev/cycle": JSON.stringify({ phase: "Rebooting", beforeJob }) };
  return { kind: "Node", metadata: { name: "n1", annotations } } as unknown as KubeObject;
}

/** A cycle of n1 that has begun, with its Job. */
function begun(mustRun = true) {
  const made: Stage = stage();
  const checker = hookJobsRunOnce(made.look, () => mustRun);
  const begin = (isForged = false) =>
    checker.onRecord?.({
      name: "n1",
      before: { phase: "Waiting" },
      found: { phase: "Waiting" },
      after: { phase: "Draining" },
      isCordoned: true,
      isForged,
    });
  const create = (one: KubeObject) => {
    made.objects.set(`jobs.batch/${one.metadata.name}`, one);
    checker.onJob(one, true);
  };
  begin();
  made.objects.set("nodes/n1", nodeWith({ is: "ended" }));
  return { made, checker, begin, create, broken: made.broken };
}

describe("The promise that the Job before the reboot is run once, before it, is", () => {
  it("kept where there is one in each cycle, and it has ended", () => {
    const { checker, begin, create, broken } = begun();
    create(job("a", "Complete"));
    checker.onReboot?.("n1");
    begin();
    create(job("b", "Failed"));
    checker.onReboot?.("n1");
    assert.deepEqual(broken(), []);
  });

  it("kept where a daemon of another version has dropped from the record that it has ended", () => {
    const { made, checker, create, broken } = begun();
    create(job("a", "Complete"));
    made.objects.set("nodes/n1", nodeWith(undefined));
    checker.onReboot?.("n1");
    assert.deepEqual(broken(), []);
  });

  it("broken by a second one in a cycle", () => {
    const { create, broken } = begun();
    create(job("a", "Complete"));
    create(job("b"));
    assert.deepEqual(broken(), [promise]);
  });

  it("broken by a reboot while it runs, and by one without it", () => {
    const { made, checker, create, broken } = begun();
    create(job("a"));
    checker.onReboot?.("n1");
    assert.deepEqual(broken(), [promise]);
    made.objects.delete("jobs.batch/a");
    made.objects.set("nodes/n1", nodeWith(undefined));
    checker.onReboot?.("n1");
    assert.deepEqual(broken(), [promise]);
  });

  it("not asked of a daemon that is told of no Job any more while one still runs", () => {
    const { made, checker, create, broken } = begun(false);
    create(job("a"));
    made.objects.set("nodes/n1", nodeWith({ is: "seen" }));
    checker.onReboot?.("n1");
    assert.deepEqual(broken(), []);
  });

  it("not asked where no daemon was told to run one, or others have written the record", () => {
    const untold = begun(false);
    untold.made.objects.set("nodes/n1", nodeWith(undefined));
    untold.checker.onReboot?.("n1");
    assert.deepEqual(untold.broken(), []);
    const { checker, create, broken } = begun();
    const [object, previous] = [nodeWith(undefined), nodeWith({ is: "ended" })];
    checker.onNode?.({ name: "n1", writer: undefined, isRestored: false, object, previous });
    create(job("a"));
    create(job("b"));
    checker.onReboot?.("n1");
    assert.deepEqual(broken(), []);
  });
});
