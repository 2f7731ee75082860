/**
 * kubectl's own tables of what a drain does (k8s.io/kubectl/pkg/cmd/drain and pkg/drain), played with the drain of rebootd
 * against the simulated server. Where rebootd means to differ, the row says so.
 */

import assert from "node:assert/strict";
import type { Api } from "../../daemon/cluster/api.ts";
import { createClient } from "../../daemon/cluster/client.ts";
import { daemonSetExists } from "../../daemon/cluster/daemon-sets.ts";
import type { Pod } from "../../daemon/cluster/objects.ts";
import { type Drain, type DrainOptions, startDrain } from "../../daemon/drain/drain.ts";
import type { Selection } from "../../daemon/drain/select.ts";
import type { DrainState } from "../../daemon/drain/state.ts";
import { type ApiServer, createApiServer } from "../kubernetes/api/server.ts";
import { createVirtualTime, type VirtualTime } from "../kubernetes/virtual-time.ts";
import { seeded } from "./seeded.ts";

const pods = "/api/v1/namespaces/shop/pods";
const bar = `${pods}/bar`;

interface PodFacts {
  ownedBy?: { kind: string; apiVersion: string; name: string };
  finished?: true;
  emptyDir?: true;
  finalizer?: true;
  /** Seconds; without it the pod is gone at once. */
  grace?: number;
}

const controller = { kind: "ReplicationController", apiVersion: "v1", name: "rc" };
const replicaSet = { kind: "ReplicaSet", apiVersion: "apps/v1", name: "rs" };
const daemonSet = { kind: "DaemonSet", apiVersion: "apps/v1", name: "ds" };
const job = { kind: "Job", apiVersion: "batch/v1", name: "job" };

let time: VirtualTime;
let server: ApiServer;
let api: Api;
let stop: AbortController;
let changes: number;

async function addPod({ ownedBy, finished, emptyDir, finalizer, grace = 0 }: PodFacts, on = "node") {
  const owner = ownedBy && { ...ownedBy, uid: `uid-${ownedBy.name}`, controller: true };
  const metadata = {
    name: "bar",
    ...(owner && { ownerReferences: [owner] }),
    ...(finalizer && { finalizers: ["example.com/hold"] }),
  };
  const spec = {
    nodeName: on,
    terminationGracePeriodSeconds: grace,
    containers: [{ name: "main", image: "app:1" }],
    ...(emptyDir && { volumes: [{ name: "scratch", emptyDir: {} }] }),
  };
  await api.create(pods, { metadata, spec }, stop);
  const phase = finished ? "Succeeded" : "Running";
  await api.patch(`${bar}/status`, { status: { phase } }, stop);
}

/** As a kubelet does it when the grace is over. */
const endPod = () => api.delete(bar, { gracePeriodSeconds: 0 }, stop);

function drain(selection: Partial<Selection> = {}, changed: Partial<DrainOptions> = {}): Drain {
  return startDrain(
    {
      api,
      clock: time.clock,
      random: seeded(1),
      nodeName: "node",
      selection: {
        deleteEmptyDirData: false,
        force: false,
        skipNamespaces: [],
        skipWaitForDeleteMs: 0,
        rebootAnyway: false,
        ...selection,
      },
      podSelector: undefined,
      daemonSetExists: (key, signal) => daemonSetExists(api, key, signal),
      gracePeriodSeconds: -1,
      cordonedAt: time.clock.wall(),
      cordonedAtByServer: time.clock.wall(),
      deleteAt: Number.POSITIVE_INFINITY,
      volumeTimeoutMs: 0,
      parallelism: 50,
      deadline: time.clock.elapsed() + 60_000,
      onChange: () => {
        changes += 1;
      },
      report: {
        requested() {},
        refused() {},
        stays() {},
        surging() {},
        notSurged() {},
        unwatched() {},
        answered() {},
        stillAttached() {},
      },
      ...changed,
    },
    stop.signal,
  );
}

const isThere = async () => (await api.list<Pod>(pods, stop)).items.length > 0;
const asked = () =>
  server.ledger
    .entries({ name: "bar" })
    .filter(({ verb, subresource }) => subresource === "eviction" || verb === "delete")
    .map(({ verb, subresource, status }) => `${subresource || verb} ${status}`);

beforeEach(async () => {
  time = createVirtualTime(Date.parse("2026-11-24T12:00:00Z"));
  server = createApiServer({ timers: time.timers, random: seeded(1), authorization: "always-allow" });
  api = createClient({ transport: server.transport(server.adminToken), clock: time.clock });
  stop = new AbortController();
  changes = 0;
  const account = { metadata: { name: "default" } };
  await api.create("/api/v1/namespaces", { metadata: { name: "shop" } }, stop);
  await api.create("/api/v1/namespaces/shop/serviceaccounts", account, stop);
  const labels = { app: "ds" };
  const template = { metadata: { labels }, spec: { containers: [{ name: "main", image: "agent:1" }] } };
  const body = { metadata: { name: "ds" }, spec: { selector: { matchLabels: labels }, template } };
  await api.create("/apis/apps/v1/namespaces/shop/daemonsets", body, stop);
});
afterEach(() => stop.abort(new Error("the test is over")));

describe("TestDrain", () => {
  interface Row {
    what: string;
    pod?: PodFacts;
    selection?: Partial<Selection>;
    refused?: true;
    ends: DrainState["state"];
    takes?: true;
  }
  const force = { force: true };
  const all = { force: true, deleteEmptyDirData: true };
  const rows: Row[] = [
    { what: "RC-managed pod", pod: { ownedBy: controller }, ends: "done", takes: true },
    {
      what: "DS-managed pod (--ignore-daemonsets is always on here)",
      pod: { ownedBy: daemonSet },
      ends: "done",
    },
    {
      what: "DS-managed terminated pod",
      pod: { ownedBy: daemonSet, finished: true },
      ends: "done",
      takes: true,
    },
    { what: "orphaned DS-managed pod", pod: {}, ends: "failed" },
    { what: "orphaned DS-managed pod with --force", pod: {}, selection: force, ends: "done", takes: true },
    { what: "DS-managed pod with --ignore-daemonsets", pod: { ownedBy: daemonSet }, ends: "done" },
    {
      what: "DS-managed pod with emptyDir with --ignore-daemonsets",
      pod: { ownedBy: daemonSet, emptyDir: true },
      ends: "done",
    },
    {
      what: "Job-managed pod with local storage",
      pod: { ownedBy: job, emptyDir: true },
      selection: all,
      ends: "done",
      takes: true,
    },
    { what: "Job-managed terminated pod", pod: { ownedBy: job, finished: true }, ends: "done", takes: true },
    { what: "RS-managed pod", pod: { ownedBy: replicaSet }, ends: "done", takes: true },
    { what: "naked pod", pod: {}, ends: "failed" },
    { what: "naked pod with --force", pod: {}, selection: force, ends: "done", takes: true },
    { what: "pod with EmptyDir", pod: { emptyDir: true }, selection: force, ends: "failed" },
    {
      what: "terminated pod with emptyDir",
      pod: { emptyDir: true, finished: true },
      ends: "done",
      takes: true,
    },
    {
      what: "pod with EmptyDir and --delete-emptydir-data",
      pod: { emptyDir: true },
      selection: all,
      ends: "done",
      takes: true,
    },
    { what: "empty node", ends: "done" },
    {
      what: "fail to list pods (kubectl gives up; here it goes on until the deadline)",
      pod: { ownedBy: replicaSet },
      refused: true,
      ends: "running",
    },
  ];
  for (const [by, deleteAt] of [
    ["eviction", Number.POSITIVE_INFINITY],
    ["delete", 0],
  ] as const) {
    for (const { what, pod, selection, refused, ends, takes = false } of rows) {
      it(`${what}, by ${by}: ${takes ? "goes" : "stays"}, ${ends}`, async () => {
        if (pod !== undefined) await addPod(pod);
        if (refused)
          server.faults.add({ match: { verb: "list", resource: "pods" }, effect: { status: 500 } });
        const { state } = drain(selection, { deleteAt });
        await time.pass(10_000);
        server.faults.clear();
        assert.equal(state().state, ends);
        assert.deepEqual(asked(), takes ? [by === "delete" ? "delete 200" : "eviction 201"] : []);
        assert.equal(await isThere(), pod !== undefined && !takes);
      });
    }
  }
});

describe("TestDeletePods", () => {
  const pod = { ownedBy: replicaSet, grace: 30 };

  it("Wait for deleting to complete", async () => {
    await addPod(pod);
    const { state } = drain();
    await time.pass(20_000);
    assert.equal(state().state, "running");
    await endPod();
    await time.pass(1);
    assert.equal(state().state, "done");
  });

  it("Pod found with same name but different UID", async () => {
    await addPod(pod);
    const { state } = drain();
    await time.pass(5000);
    await endPod();
    await addPod(pod, "other");
    await time.pass(1);
    assert.equal(state().state, "done");
    assert.deepEqual(asked(), ["eviction 201", "delete 200"]);
  });

  it("Deleting could timeout", async () => {
    await addPod(pod);
    const { state } = drain();
    await time.pass(60_000);
    assert.deepEqual(state(), {
      state: "running",
      isListed: true,
      heldUp: [],
      podsLeft: 1,
      left: { ending: 1 },
      blocked: ["shop/bar: is terminating"],
      trouble: undefined,
      slowGraceSeconds: undefined,
    });
  });

  it("Context Canceled", async () => {
    await addPod(pod);
    const { state } = drain();
    await time.pass(5000);
    stop.abort(new Error("stopped"));
    await time.pass(60_000);
    assert.equal(state().state, "running");
    assert.equal(changes, 0);
  });

  it("Skip Deleted Pod", async () => {
    await addPod({ ...pod, grace: 1, finalizer: true });
    await api.delete(bar, {}, stop);
    await time.pass(20_000);
    const { state } = drain({ skipWaitForDeleteMs: 10_000 });
    await time.pass(3000);
    assert.equal(state().state, "done");
    assert.equal(await isThere(), true);
  });

  it("Client error could be passed out: what is no answer of the server ends the drain, all else is asked again", async () => {
    await addPod(pod);
    const broken: Api = { ...api, create: () => Promise.reject(new TypeError("boom")) };
    const { state } = drain({}, { api: broken });
    await time.pass(1);
    assert.deepEqual(state(), { state: "failed", why: "the drain broke: boom" });
    server.faults.add({ match: { subresource: "eviction" }, times: 3, effect: { status: 500 } });
    const again = drain();
    await time.pass(20_000);
    await endPod();
    await time.pass(1);
    assert.equal(again.state().state, "done");
  });
});

describe("TestEvictDuringNamespaceTerminating", () => {
  const evictions = () => asked().filter((one) => one.startsWith("eviction"));

  beforeEach(async () => {
    await addPod({ ownedBy: replicaSet, grace: 30 });
    await api.delete("/api/v1/namespaces/shop", {}, stop);
  });

  it("waits for the pod once it is shown to be ending, and asks no more", async () => {
    const { state } = drain();
    await time.pass(100);
    await api.delete(bar, {}, stop);
    await time.pass(20_000);
    assert.deepEqual(evictions(), ["eviction 403"]);
    await endPod();
    await time.pass(1);
    assert.equal(state().state, "done");
  });

  it("asks again while it is not, less and less often, and says why it does not go", async () => {
    const { state } = drain();
    await time.pass(60_000);
    assert.ok(evictions().length >= 5 && evictions().length <= 8, `${evictions().length} requests`);
    const now = state();
    assert.ok(now.state === "running");
    assert.match(now.blocked.join(), /namespace shop because it is being terminated/);
  });
});

describe("TestCheckEvictionSupport", () => {
  it("v1: evicts", async () => {
    await addPod({ ownedBy: replicaSet });
    const { state } = drain();
    await time.pass(5000);
    assert.equal(state().state, "done");
  });

  for (const [what, refusal, why] of [
    [
      "v1beta1 alone (before Kubernetes 1.22): the refusal is named",
      {
        code: 400,
        reason: "BadRequest",
        message: 'no kind "Eviction" is registered for version "policy/v1"',
      },
      /no kind "Eviction" is registered/,
    ],
    [
      "none (kubectl deletes past all budgets): the pod is not taken for gone, and nothing is deleted",
      { code: 404, reason: "NotFound", message: "the server could not find the requested resource" },
      /evicted, not yet terminating/,
    ],
  ] as const) {
    it(what, async () => {
      await addPod({ ownedBy: replicaSet });
      server.faults.add({ match: { subresource: "eviction" }, effect: { refusal } });
      const { state } = drain();
      await time.pass(30_000);
      const now = state();
      assert.ok(now.state === "running");
      assert.match(now.blocked.join(), why);
      assert.ok(asked().every((one) => one.startsWith("eviction")));
    });
  }
});

describe("A server that says when to ask again", () => {
  it("is not asked before", async () => {
    await addPod({ ownedBy: replicaSet });
    const effect = { status: 429, retryAfter: 20 } as const;
    server.faults.add({ match: { subresource: "eviction" }, times: 1, effect });
    const { state } = drain();
    await time.pass(19_900);
    assert.deepEqual(asked(), ["eviction 429"]);
    await time.pass(5000);
    assert.deepEqual(asked(), ["eviction 429", "eviction 201"]);
    assert.equal(state().state, "done");
  });
});

describe("An admission webhook", () => {
  for (const [code, reason] of [
    [400, "BadRequest"],
    [403, "Forbidden"],
  ] as const) {
    it(`that refuses with ${code} is asked again with a back-off, and named`, async () => {
      await addPod({ ownedBy: replicaSet });
      const message =
        'admission webhook "evict.db.example.com" denied the request: the replica is not in sync';
      server.faults.add({
        match: { subresource: "eviction" },
        effect: { refusal: { code, reason, message } },
      });
      const { state } = drain();
      await time.pass(60_000);
      const now = state();
      assert.ok(now.state === "running");
      assert.match(now.blocked.join(), /admission webhook "evict\.db\.example\.com" denied the request/);
      assert.ok(asked().length >= 5 && asked().length <= 8, `${asked().length} requests`);
      server.faults.clear();
      await time.pass(40_000);
      assert.equal(state().state, "done");
    });
  }
});
