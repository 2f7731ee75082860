/** The client that others use, as it is, over HTTPS. */
import assert from "node:assert/strict";
import {
  AppsV1Api,
  CoordinationV1Api,
  CoreV1Api,
  KubeConfig,
  makeInformer,
  PatchStrategy,
  PolicyV1Api,
  setHeaderOptions,
  type V1Pod,
  Watch,
} from "@kubernetes/client-node";
import { createApiServer, kubeconfig, type Listening, listen } from "./server.ts";

const namespace = "default";

function podNamed(name: string, labels: Record<string, string> = {}): V1Pod {
  return { metadata: { name, labels }, spec: { containers: [{ name: "main", image: "app:1" }] } };
}

/** Resolves once it holds; an error after five seconds. */
async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let tries = 0; !isSo(); tries += 1) {
    if (tries > 500) throw new Error(`not within 5 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe("The official client", () => {
  const server = createApiServer();
  let listening: Listening;
  let config: KubeConfig;
  let core: CoreV1Api;

  before(async () => {
    listening = await listen(server);
    config = new KubeConfig();
    config.loadFromString(kubeconfig({ ...listening, token: server.adminToken, user: "admin" }));
    core = config.makeApiClient(CoreV1Api);
  });
  after(() => listening.close());

  it("creates, reads, lists, replaces, patches and deletes", async () => {
    const made = await core.createNamespacedPod({ namespace, body: podNamed("a", { app: "shop" }) });
    assert.ok(made.metadata?.creationTimestamp instanceof Date);
    await core.createNamespacedPod({ namespace, body: podNamed("b") });
    const list = await core.listNamespacedPod({ namespace, labelSelector: "app=shop" });
    assert.deepEqual(
      list.items.map(({ metadata }) => metadata?.name),
      ["a"],
    );
    const read = await core.readNamespacedPod({ namespace, name: "a" });
    const labels = { ...read.metadata?.labels, tier: "front" };
    await core.replaceNamespacedPod({
      namespace,
      name: "a",
      body: { ...read, metadata: { ...read.metadata, labels } },
    });
    const patched = await core.patchNamespacedPod(
      { namespace, name: "a", body: { metadata: { labels: { app: null } } } },
      setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
    );
    assert.deepEqual(patched.metadata?.labels, { tier: "front" });
    await core.deleteNamespacedPod({ namespace, name: "a" });
    await assert.rejects(core.readNamespacedPod({ namespace, name: "a" }), { code: 404 });
  });

  it("pages through a list", async () => {
    for (let number = 0; number < 5; number += 1) {
      await core.createNode({ body: { metadata: { name: `page-${number}` } } });
    }
    const first = await core.listNode({ limit: 3 });
    const { _continue, remainingItemCount } = first.metadata ?? {};
    assert.equal(remainingItemCount, 2);
    const rest = await core.listNode({ limit: 3, _continue: _continue ?? "" });
    assert.equal(rest.items.length, 2);
  });

  it("gets conflicts as conflicts", async () => {
    const leases = config.makeApiClient(CoordinationV1Api);
    const body = { metadata: { name: "lock" }, spec: { holderIdentity: "a" } };
    const first = await leases.createNamespacedLease({ namespace, body });
    await leases.replaceNamespacedLease({
      namespace,
      name: "lock",
      body: { ...first, spec: { holderIdentity: "b" } },
    });
    await assert.rejects(leases.replaceNamespacedLease({ namespace, name: "lock", body: first }), {
      code: 409,
    });
  });

  it("evicts, where a budget lets it", async () => {
    const policy = config.makeApiClient(PolicyV1Api);
    await core.createNamespacedPod({ namespace, body: podNamed("guarded", { app: "guarded" }) });
    await core.patchNamespacedPodStatus(
      {
        namespace,
        name: "guarded",
        body: { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } },
      },
      setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
    );
    const spec = { minAvailable: 1, selector: { matchLabels: { app: "guarded" } } };
    await policy.createNamespacedPodDisruptionBudget({
      namespace,
      body: { metadata: { name: "guard" }, spec },
    });
    const status = {
      observedGeneration: 1,
      currentHealthy: 1,
      desiredHealthy: 1,
      disruptionsAllowed: 0,
      expectedPods: 1,
    };
    const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
    await policy.patchNamespacedPodDisruptionBudgetStatus(
      { namespace, name: "guard", body: { status } },
      merge,
    );
    const evict = () =>
      core.createNamespacedPodEviction({
        namespace,
        name: "guarded",
        body: { metadata: { name: "guarded" } },
      });
    await assert.rejects(evict(), { code: 429 });
    const open = { status: { ...status, desiredHealthy: 0, disruptionsAllowed: 1 } };
    await policy.patchNamespacedPodDisruptionBudgetStatus({ namespace, name: "guard", body: open }, merge);
    await evict();
    await assert.rejects(core.readNamespacedPod({ namespace, name: "guarded" }), { code: 404 });
  });

  it("scales a Deployment", async () => {
    const apps = config.makeApiClient(AppsV1Api);
    const labels = { app: "web" };
    const template = { metadata: { labels }, spec: { containers: [{ name: "main", image: "web:1" }] } };
    const spec = { replicas: 1, selector: { matchLabels: labels }, template };
    await apps.createNamespacedDeployment({ namespace, body: { metadata: { name: "web" }, spec } });
    const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
    await apps.patchNamespacedDeployment({ namespace, name: "web", body: { spec: { replicas: 3 } } }, merge);
    const { spec: stored, metadata } = await apps.readNamespacedDeployment({ namespace, name: "web" });
    assert.equal(stored?.replicas, 3);
    assert.equal(metadata?.generation, 2);
  });

  it("watches", async () => {
    const events: string[] = [];
    const watch = await new Watch(config).watch(
      "/api/v1/namespaces/default/configmaps",
      {},
      (type, object: { metadata: { name: string } }) => events.push(`${type} ${object.metadata.name}`),
      () => {},
    );
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: "note" } } });
    await core.deleteNamespacedConfigMap({ namespace, name: "note" });
    await until("both events", () => events.includes("DELETED note"));
    watch.abort();
    assert.deepEqual(
      events.filter((event) => event.endsWith(" note")),
      ["ADDED note", "DELETED note"],
    );
  });

  it("keeps an informer up to date, also after its watch broke", async () => {
    const list = () => core.listNamespacedSecret({ namespace });
    const informer = makeInformer(config, "/api/v1/namespaces/default/secrets", list);
    const seen = new Set<string>();
    informer.on("add", ({ metadata }) => seen.add(metadata?.name ?? ""));
    informer.on("delete", ({ metadata }) => seen.delete(metadata?.name ?? ""));
    let isOver = false;
    informer.on("error", () => {
      if (!isOver) void informer.start();
    });
    await informer.start();
    await core.createNamespacedSecret({ namespace, body: { metadata: { name: "first" } } });
    await until("the first", () => seen.has("first"));
    server.cutWatches();
    await core.createNamespacedSecret({ namespace, body: { metadata: { name: "second" } } });
    await core.deleteNamespacedSecret({ namespace, name: "first" });
    await until("the second alone", () => seen.has("second") && !seen.has("first"));
    isOver = true;
    await informer.stop();
  });
});
