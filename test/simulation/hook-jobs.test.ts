import assert from "node:assert/strict";
import type { Job } from "../../daemon/cluster/objects.ts";
import type { RawOptions } from "../../daemon/config/settings.ts";
import { daemonUser } from "../world/manifests.ts";
import { createStory, minute } from "./story.ts";

const story = createStory();
const { boots, isRebooted, look, pass, patchNode, phase, reasons, record, start, until, wantReboot } = story;

const folder = "/apis/batch/v1/namespaces/kube-system";
const before: RawOptions = { "before-reboot-job": "kube-system/set-noout" };
const both: RawOptions = { ...before, "after-reboot-job": "kube-system/unset-noout" };

interface Course {
  /** Seconds; without it the pods never end. */
  runs?: number;
  exitCode?: number;
  log?: string;
}

/** Pods that may start on the only node, while it is cordoned. */
function templateOf({ runs, exitCode = 0, log = "" }: Course): object {
  return {
    backoffLimit: 0,
    template: {
      metadata: {
        annotations: {
          "machines.test/log": log,
          "machines.test/exit-code": String(exitCode),
          ...(runs !== undefined && { "machines.test/run-seconds": String(runs) }),
        },
      },
      spec: {
        restartPolicy: "Never",
        tolerations: [{ operator: "Exists" }],
        containers: [{ name: "main", image: "ceph:1" }],
      },
    },
  };
}

async function tell(options: RawOptions, courses: Record<string, Course | undefined> = {}): Promise<void> {
  await start(options, { jobs: true, components: ["hook-jobs"] });
  for (const [name, course] of Object.entries({
    "set-noout": { runs: 20 },
    "unset-noout": { runs: 20 },
    ...courses,
  })) {
    if (course === undefined) continue;
    const body = { metadata: { name }, spec: { ...templateOf(course), suspend: true } };
    await story.world.api.create(`${folder}/jobs`, body, story.world);
  }
}

/** How many Jobs daemons have created. */
const created = () =>
  story.world.server.ledger
    .entries({ user: daemonUser.name, verb: "create", resource: "jobs", status: 201 })
    .filter(({ isDryRun }) => !isDryRun).length;

async function jobs(hook: string): Promise<Job[]> {
  const query = { labelSelector: `rebootd.dev/hook=${hook}` };
  return (await story.world.api.list<Job>(`${folder}/jobs`, { ...story.world, query })).items;
}

const hasJob = async (hook: string) => (await jobs(hook)).length > 0;
const isAtEnd = async () => (await phase()) === "Idle" || (await phase()) === "Failed";
const isFailed = async () => (await phase()) === "Failed";
const message = async () => (await record())?.outcome?.message ?? "";

async function remove(name: string): Promise<void> {
  const { api } = story.world;
  await api.delete(`${folder}/jobs/${name}`, { propagationPolicy: "Background" }, story.world);
}

async function deleteJob(hook: string): Promise<void> {
  for (const { metadata } of await jobs(hook)) await remove(metadata?.name ?? "");
}

describe("A node with a Job before the reboot", () => {
  afterEach(story.stop);

  it("runs it once it is drained, says what it waits for, and reboots when it is complete", async () => {
    await tell(before);
    await story.addPod("web");
    await wantReboot();
    await until("the Job is there", () => hasJob("before"), 2 * minute);
    assert.deepEqual(
      (await story.podsOn("n1")).filter((name) => name === "web"),
      [],
    );
    await pass(10_000);
    assert.equal(boots(), 1);
    assert.match(
      (await reasons()).join(),
      /^hooks \(job\): waiting for the Job kube-system\/set-noout-before-\w+ to end/,
    );
    await until("n1 has rebooted", isRebooted, 2 * minute);
    const [job, ...more] = await jobs("before");
    assert.deepEqual(more, []);
    assert.equal(job?.metadata?.labels?.["rebootd.dev/node"], "n1");
    assert.equal(job?.metadata?.ownerReferences?.[0]?.kind, "Node");
    assert.deepEqual(job?.spec?.template.spec?.containers[0]?.env, [{ name: "REBOOTD_NODE", value: "n1" }]);
    assert.equal((await record())?.beforeJob, undefined);
  });

  it("restores the node if it fails, as a failure, with the last line of its log", async () => {
    await tell(before, { "set-noout": { runs: 5, exitCode: 1, log: "connecting\nno quorum\n\n" } });
    await wantReboot();
    await until("it has failed", isFailed, 3 * minute);
    assert.equal(boots(), 1);
    assert.match(
      await message(),
      /^the Job kube-system\/set-noout-before-\w+ has failed: BackoffLimitExceeded: .*; its log ends with: no quorum$/,
    );
    const { cordoned, lock } = await look();
    assert.deepEqual([cordoned, lock], [[], undefined]);
  });

  it("reboots all the same if it fails, where that is said", async () => {
    await tell({ ...before, "before-reboot-job-failed": "go-on" }, { "set-noout": { runs: 5, exitCode: 1 } });
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 3 * minute);
  });

  it("has the server end one that never ends, and restores the node", async () => {
    await tell({ ...before, "before-reboot-job-timeout": "5m" }, { "set-noout": {} });
    await wantReboot();
    await until("it has failed", isFailed, 7 * minute);
    assert.match(await message(), /DeadlineExceeded/);
    assert.equal(boots(), 1);
  });

  it("takes a CronJob as its template too", async () => {
    await tell(before, { "set-noout": undefined });
    const spec = { schedule: "@daily", suspend: true, jobTemplate: { spec: templateOf({ runs: 5 }) } };
    await story.world.api.create(
      `${folder}/cronjobs`,
      { metadata: { name: "set-noout" }, spec },
      story.world,
    );
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 3 * minute);
    assert.equal(created(), 1);
  });

  it("does not start without a template, or with one that would run by itself, and says so", async () => {
    await tell(before, { "set-noout": undefined });
    await wantReboot();
    await pass(minute);
    assert.match((await reasons()).join(), /there is no Job and no CronJob kube-system\/set-noout/);
    const body = { metadata: { name: "set-noout" }, spec: templateOf({ runs: 5 }) };
    await story.world.api.create(`${folder}/jobs`, body, story.world);
    await until("it says so", async () => /is not suspended/.test((await reasons()).join()), 6 * minute);
    assert.deepEqual([await phase(), boots()], ["Waiting", 1]);
    assert.equal((await story.readNode()).spec?.unschedulable, undefined);
  });

  it("does not start without the right to create Jobs, and says so", async () => {
    await start(before, { jobs: true });
    await wantReboot();
    await pass(minute);
    assert.match((await reasons()).join(), /forbidden/);
    assert.deepEqual([await phase(), boots()], ["Waiting", 1]);
  });

  it("fails where the template is gone after the drain, and is restored", async () => {
    await tell({ ...before, "drain-delay": "1m" });
    await wantReboot();
    await until("n1 has a slot", async () => (await phase()) === "Draining");
    await remove("set-noout");
    await until("it has failed", isFailed, 4 * minute);
    assert.match(await message(), /there is no Job and no CronJob kube-system\/set-noout/);
    assert.equal(boots(), 1);
  });

  it("finds the same Job again if the daemon is killed, or the answer is lost", async () => {
    await tell(before);
    let posts = 0;
    story.world.onDaemonRequest = (node, { method, path }) => {
      if (method === "POST" && path.includes("/jobs") && posts++ === 0)
        story.world.machine(node).crashDaemon();
    };
    story.world.server.faults.add({
      match: { verb: "create", resource: "jobs" },
      times: 1,
      effect: "reset-after",
    });
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 5 * minute);
    assert.equal((await jobs("before")).length, 1);
  });

  it("does not run one again that somebody has deleted", async () => {
    await tell(before, { "set-noout": {} });
    await wantReboot();
    await until("it waits for the Job", async () => /\(job\)/.test((await reasons()).join()), 2 * minute);
    await deleteJob("before");
    await until("it has failed", isFailed, 2 * minute);
    assert.match(await message(), /somebody deleted the Job/);
    assert.equal(created(), 1);
  });

  it("looks at it no more often than once a minute in a long wait", async () => {
    await tell({ ...before, "before-reboot-job-timeout": "1h" }, { "set-noout": {} });
    await wantReboot();
    await pass(20 * minute);
    const asked = () => story.world.server.ledger.entries({ verb: "get", resource: "jobs" }).length;
    const so = asked();
    await pass(10 * minute);
    assert.ok(asked() - so <= 11, `${asked() - so}`);
  });
});

describe("A node with a Job after the reboot", () => {
  afterEach(story.stop);

  it("is uncordoned when it is complete", async () => {
    await tell(both);
    await wantReboot();
    await until("the Job is there", () => hasJob("after"), 5 * minute);
    assert.deepEqual((await look()).cordoned, ["n1"]);
    await until("n1 has rebooted", isRebooted, 3 * minute);
    assert.equal(created(), 2);
    assert.equal((await record())?.afterJob, undefined);
  });

  it("keeps its slot if it fails, until it is deleted and run again", async () => {
    await tell(both, { "unset-noout": { runs: 5, exitCode: 1, log: "no quorum" } });
    await wantReboot();
    await until("the Job is there", () => hasJob("after"), 5 * minute);
    await pass(20 * minute);
    assert.deepEqual((await look()).cordoned, ["n1"]);
    assert.ok(story.saysOf("no quorum"));
    await remove("unset-noout");
    const spec = { ...templateOf({ runs: 5 }), suspend: true };
    await story.world.api.create(`${folder}/jobs`, { metadata: { name: "unset-noout" }, spec }, story.world);
    await deleteJob("after");
    await until("n1 has rebooted", isRebooted, 5 * minute);
  });

  it("is uncordoned all the same if it fails, where that is said", async () => {
    await tell({ ...both, "after-reboot-job-failed": "go-on" }, { "unset-noout": { runs: 5, exitCode: 1 } });
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 5 * minute);
    assert.match(await message(), /has failed/);
  });

  it("runs it also if the node is restored after the Job before the reboot, which it undoes", async () => {
    await tell(both, { "set-noout": { runs: 60 } });
    await wantReboot();
    await until("it waits for the Job", async () => /\(job\)/.test((await reasons()).join()), 2 * minute);
    await patchNode({ metadata: { annotations: { "rebootd.dev/paused": "true" } } });
    await pass(10_000);
    assert.deepEqual((await look()).cordoned, []);
    assert.equal(await hasJob("after"), false, "the first one still runs");
    await until("the undoing Job is there", () => hasJob("after"), 2 * minute);
    assert.notEqual((await look()).lock, undefined);
    await until("the slot is free", async () => (await look()).lock === undefined, 2 * minute);
    assert.equal(boots(), 1);
    assert.equal(created(), 2);
    assert.equal((await record())?.beforeJob, undefined);
  });

  it("says so where what was begun could not be undone, and releases the slot", async () => {
    const fails = { runs: 5, exitCode: 1 };
    await tell(both, { "set-noout": fails, "unset-noout": fails });
    await wantReboot();
    await until("it has failed", isFailed, 5 * minute);
    assert.match(await message(), /set-noout-before-.*; not undone: the Job kube-system\/unset-noout-after-/);
    assert.equal((await look()).lock, undefined);
    assert.equal(await isAtEnd(), true);
  });
});
