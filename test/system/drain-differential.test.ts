/**
 * `kubectl drain` and the daemon's drain on copies of the same random clusters: the same pods go, the same stay, and what the one ends
 * with the other does too. Left out are tiers, which kubectl has not. Older kubectls than 1.35 take DaemonSets of other API groups for
 * those of apps/v1.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Api } from "../../daemon/cluster/api.ts";
import { daemonSetExists } from "../../daemon/cluster/daemon-sets.ts";
import type { Pod } from "../../daemon/cluster/objects.ts";
import { type Drain, startDrain } from "../../daemon/drain/drain.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { administrator, startSimulatedServer } from "../kubernetes/server.ts";
import { seeded } from "../simulation/seeded.ts";
import { type Kubectl, newestKubectl, startSession } from "./kubectl.ts";

const clusters = 30;
const namespaces = ["default", "shop"];
/** A pod that a budget holds stays for as long as this. */
const timeoutMs = 3000;
/** So long the daemon has for what kubectl ends: it waits 2 s for pods that come late. */
const endsWithinMs = 15_000;
/** Pods with this label are put back by their controller, on the same node and at once. */
const backLabel = "back";

interface Drained {
  left: string[];
  /** It says that the node is drained. */
  ended: boolean;
}

interface Cluster {
  pods: { namespace: string; body: { metadata: { name: string }; spec: object }; phase: string }[];
  force: boolean;
  deleteEmptyDirData: boolean;
  selector: string | undefined;
}

/** Everything that the filters look at, in random mixtures. */
function randomCluster(seed: number): Cluster {
  const random = seeded(seed);
  const oneOf = <T>(...choices: T[]): T => choices[Math.floor(random() * choices.length)] as T;
  const owners = [
    undefined,
    { kind: "ReplicaSet", apiVersion: "apps/v1", name: "web" },
    { kind: "Job", apiVersion: "batch/v1", name: "import" },
    { kind: "DaemonSet", apiVersion: "apps/v1", name: "agent" },
    { kind: "DaemonSet", apiVersion: "apps/v1", name: "gone" },
    { kind: "DaemonSet", apiVersion: "apps.kruise.io/v1alpha1", name: "foreign" },
  ];
  const isMild = random() < 0.7;
  const hasBudget = random() < 0.3;
  const pods = Array.from({ length: 1 + Math.floor(random() * 12) }, (_, number) => {
    const owner = isMild && random() < 0.5 ? owners[1] : oneOf(...owners);
    const isMirror = random() < 0.1;
    const app = oneOf("a", "b", ...(hasBudget ? ["guarded"] : []));
    const back = owner !== undefined && random() < 0.3;
    const isHeld = random() < 0.05;
    const phase = oneOf("Running", "Running", "Failed");
    const metadata = {
      name: `p${number}`,
      labels: { app, ...(back && { [backLabel]: "yes" }) },
      // What runs and is held would keep both waiting.
      ...(isHeld && phase === "Failed" && { finalizers: ["batch.kubernetes.io/job-tracking"] }),
      ...(owner && {
        ownerReferences: [{ ...owner, uid: "3a0b5b0e-0000-4000-8000-000000000000", controller: true }],
      }),
      ...(isMirror && { annotations: { "kubernetes.io/config.mirror": "hash" } }),
    };
    const volumes = random() < 0.3 ? [{ name: "scratch", emptyDir: {} }] : [];
    const spec = {
      nodeName: oneOf("node", "node", "node", "other"),
      containers: [{ name: "main", image: "app:1" }],
      volumes,
      // Without it a template that names the node puts them back.
      ...(back && random() < 0.5 && { tolerations: [{ operator: "Exists" }] }),
    };
    return {
      namespace: oneOf(...namespaces),
      body: { metadata, spec },
      phase,
    };
  });
  return {
    pods,
    force: isMild || random() < 0.5,
    deleteEmptyDirData: isMild || random() < 0.5,
    selector: random() < 0.2 ? "app=a" : undefined,
  };
}

async function serve(cluster: Cluster) {
  const server = await startSimulatedServer(systemClock);
  const api = server.apiFor(administrator);
  const end = new AbortController();
  const { signal } = end;
  const make = (path: string, body: object) => api.create(path, body, { signal }).catch(() => {});
  for (const name of ["node", "other"]) await make("/api/v1/nodes", { metadata: { name } });
  for (const namespace of namespaces) {
    await make("/api/v1/namespaces", { metadata: { name: namespace } });
    await make(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: "default" } });
    const labels = { app: "agent" };
    const template = { metadata: { labels }, spec: { containers: [{ name: "main", image: "agent:1" }] } };
    const daemonSet = { metadata: { name: "agent" }, spec: { selector: { matchLabels: labels }, template } };
    await make(`/apis/apps/v1/namespaces/${namespace}/daemonsets`, daemonSet);
    const spec = { maxUnavailable: 0, selector: { matchLabels: { app: "guarded" } } };
    await make(`/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`, {
      metadata: { name: "b" },
      spec,
    });
  }
  for (const { namespace, body, phase } of cluster.pods) {
    const path = `/api/v1/namespaces/${namespace}/pods`;
    const made = await api.create<Pod>(path, body, { signal });
    const conditions = [{ type: "Ready", status: phase === "Running" ? "True" : "False" }];
    await api.patch(`${path}/${made.metadata?.name}/status`, { status: { phase, conditions } }, { signal });
  }
  void endTerminatingPods(api, signal).catch(() => {});
  void putBack(api, signal).catch(() => {});
  return {
    server,
    api,
    signal,
    async stop() {
      end.abort(new Error("the cluster is not needed any more"));
      await server.stop();
    },
  };
}

/** As a kubelet does it, at once. */
async function endTerminatingPods(api: Api, signal: AbortSignal): Promise<void> {
  for await (const { type, object } of api.watch<Pod>("/api/v1/pods", { signal })) {
    const { name, namespace, deletionTimestamp } = object.metadata ?? {};
    if (type !== "MODIFIED" || deletionTimestamp === undefined) continue;
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
    await api.delete(path, { gracePeriodSeconds: 0 }, { signal }).catch(() => {});
  }
}

/** As a controller does it whose pods the cordon does not keep away: the next one comes as soon as the last is asked to end. */
async function putBack(api: Api, signal: AbortSignal): Promise<void> {
  const seen = new Set<string | undefined>();
  for await (const { type, object } of api.watch<Pod>("/api/v1/pods", { signal })) {
    const { name, namespace, uid, labels, ownerReferences, deletionTimestamp } = object.metadata ?? {};
    const isGoing = type === "DELETED" || deletionTimestamp !== undefined;
    if (labels?.[backLabel] === undefined || !isGoing || seen.has(uid)) continue;
    seen.add(uid);
    const { nodeName, containers, volumes, tolerations } = object.spec ?? {};
    const body = {
      metadata: { name: `${name}-back`, labels, ownerReferences },
      spec: { nodeName, containers, volumes: volumes?.filter(({ emptyDir }) => emptyDir), tolerations },
    };
    await api.create(`/api/v1/namespaces/${namespace}/pods`, body, { signal }).catch(() => {});
  }
}

async function podsLeft(api: Api, signal: AbortSignal): Promise<string[]> {
  const { items } = await api.list<Pod>("/api/v1/pods", { signal });
  return items.map(({ metadata }) => `${metadata?.namespace}/${metadata?.name}`).sort();
}

/** The switches, and the pods that only one of the two has taken. */
function differing({ pods, ...switches }: Cluster, ours: string[], theirs: string[]): string {
  const isOdd = (name: string) => ours.includes(name) !== theirs.includes(name);
  const odd = pods.filter(({ namespace, body }) => isOdd(`${namespace}/${body.metadata.name}`));
  return JSON.stringify({ ...switches, odd });
}

async function afterKubectl(kubectl: Kubectl, cluster: Cluster, kubeconfig: string): Promise<Drained> {
  const { server, api, signal, stop } = await serve(cluster);
  writeFileSync(kubeconfig, await server.kubeconfigFor(administrator));
  const args = ["drain", "node", "--ignore-daemonsets", `--timeout=${timeoutMs / 1000}s`];
  if (cluster.force) args.push("--force");
  if (cluster.deleteEmptyDirData) args.push("--delete-emptydir-data");
  if (cluster.selector !== undefined) args.push(`--pod-selector=${cluster.selector}`);
  const { code } = await startSession(kubectl, kubeconfig).run(args);
  const left = await podsLeft(api, signal);
  await stop();
  return { left, ended: code === 0 };
}

async function afterDaemon(cluster: Cluster, waitMs: number): Promise<Drained> {
  const { api, signal, stop } = await serve(cluster);
  const ended = new AbortController();
  let drain: Drain | undefined;
  await new Promise<void>((resolve) => {
    drain = startDrain(
      {
        api,
        clock: systemClock,
        random: Math.random,
        nodeName: "node",
        daemonSetExists: (key, inner) => daemonSetExists(api, key, inner),
        selection: {
          force: cluster.force,
          deleteEmptyDirData: cluster.deleteEmptyDirData,
          skipNamespaces: [],
          skipWaitForDeleteMs: 0,
          rebootAnyway: false,
        },
        podSelector: cluster.selector,
        gracePeriodSeconds: -1,
        cordonedAt: systemClock.wall(),
        cordonedAtByServer: systemClock.wall(),
        deleteAt: Number.POSITIVE_INFINITY,
        volumeTimeoutMs: 0,
        parallelism: 50,
        deadline: systemClock.elapsed() + waitMs,
        onChange: resolve,
        report: {
          requested() {},
          answered() {},
          refused() {},
          stays() {},
          surging() {},
          notSurged() {},
          unwatched() {},
          stillAttached() {},
        },
      },
      ended.signal,
    );
    systemClock.sleep(waitMs, signal).then(resolve, () => {});
  });
  const isDone = drain?.state().state === "done";
  ended.abort(new Error("the time is over"));
  const left = await podsLeft(api, signal);
  await stop();
  return { left, ended: isDone };
}

// One kubectl is enough, the newest: where a budget holds a pod it retries until it is killed after half a minute.
for (const kubectl of [newestKubectl()]) {
  describe(`The same random clusters, drained by ${kubectl.title} and by the daemon`, () => {
    let folder: string;
    before(() => {
      folder = mkdtempSync(join(tmpdir(), "rebootd-differential-"));
    });
    after(() => rmSync(folder, { recursive: true }));

    it(`are left with the same pods, ${clusters} of them`, async () => {
      let ends = 0;
      let back = 0;
      const compared = Array.from({ length: clusters }, async (_, index) => {
        const cluster = randomCluster(index + 1);
        const theirs = await afterKubectl(kubectl, cluster, join(folder, `kubeconfig-${index}`));
        const ours = await afterDaemon(cluster, theirs.ended ? endsWithinMs : timeoutMs);
        const what = `cluster ${index + 1}: ${differing(cluster, ours.left, theirs.left)}`;
        assert.deepEqual(ours.left, theirs.left, what);
        assert.ok(ours.ended || !theirs.ended, `kubectl alone has ended with ${what}`);
        if (theirs.ended) ends += 1;
        back += ours.left.filter((name) => name.endsWith("-back")).length;
      });
      await Promise.all(compared);
      assert.ok(ends > 5 && back > 5, `${ends} were ended, ${back} pods came back`);
    }).timeout(150_000);
  });
}
