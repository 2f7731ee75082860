import assert from "node:assert/strict";
import type { CronJob, Job } from "../../daemon/cluster/objects.ts";
import type { OwnJob } from "../../daemon/cycle/ports.ts";
import {
  jobFrom,
  jobName,
  type Template,
  templateOf,
  templateOfCron,
} from "../../daemon/hook-jobs/template.ts";

const own: OwnJob = { hook: "before", id: "mi9q", nodeUid: "u1" };
const options = { name: "noout-before-1", nodeName: "n1", deadlineSeconds: 900 };
const container = {
  name: "ceph",
  image: "ceph:19",
  env: [
    { name: "REBOOTD_NODE", value: "old" },
    { name: "A", value: "b" },
  ],
};
const theirs = { "controller-uid": "u7", "job-name": "noout", "batch.kubernetes.io/job-name": "noout" };
const spec: Template["spec"] = {
  suspend: true,
  backoffLimit: 2,
  selector: { matchLabels: { "controller-uid": "u7" } },
  manualSelector: true,
  template: {
    metadata: { labels: { app: "ceph", ...theirs } },
    spec: { containers: [container], initContainers: [{ name: "wait", image: "ceph:19" }] },
  },
};
const metadata = {
  labels: { app: "ceph", ...theirs },
  annotations: { note: "n", "kubectl.kubernetes.io/last-applied-configuration": "{}" },
};
const made = (changes: Partial<Template["spec"]> = {}) =>
  jobFrom({ metadata, spec: { ...spec, ...changes } }, options, own) as Job;

describe("A Job that is made from a template", () => {
  it("keeps all but its selector, and what the controller and kubectl have written", () => {
    const job = made();
    const labels = { app: "ceph", "rebootd.dev/hook": "before", "rebootd.dev/node": "n1" };
    assert.deepEqual(job.metadata?.labels, labels);
    assert.deepEqual(job.metadata?.annotations, { note: "n" });
    assert.deepEqual(job.spec?.template.metadata?.labels, labels);
    const { selector, manualSelector, suspend, backoffLimit } = job.spec ?? {};
    assert.deepEqual([selector, manualSelector, suspend, backoffLimit], [undefined, undefined, false, 2]);
  });

  it("belongs to the Node, so that it goes with it, and keeps nothing from being deleted", () => {
    assert.deepEqual(made().metadata?.ownerReferences, [
      { apiVersion: "v1", kind: "Node", name: "n1", uid: "u1" },
    ]);
  });

  it("has the name of the node in each container, before the other variables", () => {
    const { containers = [], initContainers = [] } = made().spec?.template.spec ?? {};
    const node = { name: "REBOOTD_NODE", value: "n1" };
    assert.deepEqual(containers[0]?.env, [node, { name: "A", value: "b" }]);
    assert.deepEqual(initContainers[0]?.env, [node]);
  });

  it("ends at the deadline, or sooner where its template says so", () => {
    assert.equal(made().spec?.activeDeadlineSeconds, 900);
    assert.equal(made({ activeDeadlineSeconds: 60 }).spec?.activeDeadlineSeconds, 60);
    assert.equal(made({ activeDeadlineSeconds: 3600 }).spec?.activeDeadlineSeconds, 900);
  });

  it("stays for a day once it has ended, or for as long as its template says, but for an hour at least", () => {
    const kept = [undefined, 0, 7200].map((ttlSecondsAfterFinished) =>
      made(ttlSecondsAfterFinished === undefined ? {} : { ttlSecondsAfterFinished }),
    );
    assert.deepEqual(
      kept.map((job) => job.spec?.ttlSecondsAfterFinished),
      [86_400, 3600, 7200],
    );
  });

  it("has labels of at most 63 characters for a node with a longer name", () => {
    const job = jobFrom({ spec }, { ...options, nodeName: `${"a".repeat(62)}.example` }, own) as Job;
    assert.equal(job.metadata?.labels?.["rebootd.dev/node"], "a".repeat(62));
  });
});

describe("The name of such a Job", () => {
  it("is the same for one cycle of one node, and for no other", () => {
    const name = jobName("noout", own);
    assert.match(name, /^noout-before-[0-9a-f]{10}$/);
    assert.equal(jobName("noout", { ...own }), name);
    for (const other of [{ id: "mi9r" }, { nodeUid: "u2" }, { hook: "after" as const }])
      assert.notEqual(jobName("noout", { ...own, ...other }), name);
  });

  it("leaves room for what the pods have behind it", () => {
    assert.match(jobName(`${"a".repeat(35)}.b`, own), /^a{35}-before-/);
    assert.ok(jobName("a".repeat(253), own).length + "-xxxxx".length <= 63);
  });
});

describe("A template", () => {
  it("is a Job that is suspended, or the Job of a CronJob", () => {
    assert.deepEqual(templateOf({ metadata, spec }), { metadata, spec });
    assert.equal(templateOf({ metadata, spec: { ...spec, suspend: false } }), "is not suspended");
    assert.equal(templateOf({ metadata }), "has no spec");
    const cron: CronJob = { spec: { schedule: "@daily", jobTemplate: { metadata, spec } } };
    assert.deepEqual(templateOfCron(cron), { metadata, spec });
    assert.equal(templateOfCron({} as CronJob), "has no template of a Job");
  });
});
