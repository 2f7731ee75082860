import assert from "node:assert/strict";
import { type Api, isApiError } from "../../daemon/cluster/api.ts";
import { createClient } from "../../daemon/cluster/client.ts";
import { podsGate } from "../../daemon/gates/pods.ts";
import { context } from "../gates/builders.ts";
import { type ApiServer, createApiServer } from "../kubernetes/api/server.ts";
import { createVirtualTime } from "../kubernetes/virtual-time.ts";
import { seeded } from "./seeded.ts";
import { createStory, minute, pods } from "./story.ts";

const story = createStory();
const {
  addPod,
  asSlotIsTaken,
  boots,
  evictions,
  isRebooted,
  look,
  pass,
  phase,
  reasons,
  saysOf,
  start,
  until,
  wantReboot,
} = story;

const { signal } = new AbortController();
const noon = Date.parse("2026-11-24T12:00:00Z");
const daemonSet = {
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  name: "agent",
  uid: "3a0b5b0e-0000-4000-8000-000000000000",
  controller: true,
};

interface PodFacts {
  name?: string;
  namespace?: string;
  on?: string;
  labels?: Record<string, string>;
  metadata?: object;
  phase?: string;
  isEnding?: boolean;
}

describe("A pod blocks the reboot of its node", () => {
  let server: ApiServer;
  let api: Api;

  beforeEach(async () => {
    const { clock, timers } = createVirtualTime(noon);
    server = createApiServer({ timers, random: seeded(1) });
    api = createClient({ transport: server.transport(server.adminToken), clock });
    await api.create("/api/v1/namespaces", { metadata: { name: "shop" } }, { signal });
    await api.create(
      "/api/v1/namespaces/shop/serviceaccounts",
      { metadata: { name: "default" } },
      { signal },
    );
  });

  /** A pod of n1 in the namespace default with the labels app=db and tier=data that runs, in what is not said. */
  async function add(facts: PodFacts = {}): Promise<void> {
    const { name = "p", namespace = "default", on = "n1", labels = { app: "db", tier: "data" } } = facts;
    const path = `/api/v1/namespaces/${namespace}/pods`;
    const spec = { nodeName: on, containers: [{ name: "main", image: "app:1" }] };
    await api.create(path, { metadata: { name, labels, ...facts.metadata }, spec }, { signal });
    await api.patch(`${path}/${name}/status`, { status: { phase: facts.phase ?? "Running" } }, { signal });
    if (facts.isEnding) await api.delete(`${path}/${name}`, {}, { signal });
  }

  async function said(selectors: string[], namespaces: string[] = []): Promise<string> {
    const answer = await podsGate(api, "n1", { selectors, namespaces }).check(context(noon), signal);
    return answer.open ? "open" : `${answer.code}: ${answer.message}`;
  }

  const blocks = "blocking: blocking pods are on this node: default/p";
  const rows: [what: string, pod: PodFacts, selectors: string[], blocks: boolean][] = [
    ["that matches and runs", {}, ["app=db"], true],
    ["that does not match", {}, ["app=web"], false],
    ["on another node", { on: "n2" }, ["app=db"], false],
    ["that is Pending", { phase: "Pending" }, ["app=db"], true],
    ["that has succeeded", { phase: "Succeeded" }, ["app=db"], false],
    ["that has failed", { phase: "Failed" }, ["app=db"], false],
    ["of which nothing is known", { phase: "Unknown" }, ["app=db"], false],
    ["that is ending", { isEnding: true }, ["app=db"], true],
    ["of a DaemonSet", { metadata: { ownerReferences: [daemonSet] } }, ["app=db"], true],
    [
      "of the kubelet's own files",
      { metadata: { annotations: { "kubernetes.io/config.mirror": "x" } } },
      ["app=db"],
      true,
    ],
    ["that meets both parts of a selector", {}, ["app=db,tier=data"], true],
    ["that meets one of two parts", {}, ["app=db,tier=web"], false],
    ["that meets one of two selectors", {}, ["app=web", "tier=data"], true],
    ["that meets none of two", {}, ["app=web", "tier=web"], false],
    ["of a set", {}, ["app in (web, db)"], true],
    ["without the label that is asked to be missing", {}, ["!app"], false],
  ];
  for (const [what, facts, selectors, expected] of rows) {
    it(`${what}: ${expected ? "yes" : "no"}`, async () => {
      await add(facts);
      assert.equal(await said(selectors), expected ? blocks : "open");
    });
  }

  it("in any namespace, or in those that are named", async () => {
    await add();
    await add({ namespace: "shop" });
    const in_ = (...names: string[]) => `blocking: blocking pods are on this node: ${names.join(", ")}`;
    assert.equal(await said(["app=db"]), in_("default/p", "shop/p"));
    assert.equal(await said(["app=db"], ["shop"]), in_("shop/p"));
    assert.equal(await said(["app=db"], ["shop", "default"]), in_("default/p", "shop/p"));
    assert.equal(await said(["app=db"], ["bank"]), "open");
  });

  it("once, however many selectors it meets, and ten are named", async () => {
    for (let number = 10; number < 22; number += 1) await add({ name: `p${number}` });
    const message = await said(["app=db", "tier=data"]);
    assert.match(message, /: default\/p10, default\/p11, .*, default\/p19 and \d+ more$/);
  });

  it("and costs one request for each selector", async () => {
    await add();
    server.ledger.clear();
    await said(["app=db", "tier=data"], ["shop", "default"]);
    const requests = server.ledger.entries().map(({ verb, resource }) => `${verb} ${resource}`);
    assert.deepEqual(requests, ["list pods", "list pods"]);
  });

  it("where the server does not answer, nobody knows", async () => {
    server.faults.add({ match: { resource: "pods" }, effect: { status: 500 } });
    await assert.rejects(said(["app=db"]), (error) => isApiError(error, "server-error"));
  });
});

describe("A node with a blocking pod", () => {
  afterEach(story.stop);

  it("waits until it is gone, and says which it is", async () => {
    await start({ "blocking-pod-selector": "app=migration" });
    await addPod("migration");
    await addPod("web");
    await wantReboot();
    await pass(5 * minute);
    assert.deepEqual([await phase(), boots()], ["Waiting", 1]);
    assert.ok(saysOf("blocking pods are on this node: default/migration"));
    await story.world.api.delete(
      `${pods}/migration`,
      { gracePeriodSeconds: 0 },
      { signal: story.world.signal },
    );
    await until("it drains", async () => (await phase()) === "Draining", 61_000);
  });

  it("that comes as the slot is taken is not cordoned, and the slot goes back", async () => {
    await start({ "blocking-pod-selector": "app=migration" });
    const lockWrites = asSlotIsTaken(() => void addPod("migration"));
    await wantReboot();
    await pass(10_000);
    assert.equal(lockWrites(), 2, "taken and given back");
    assert.deepEqual([await phase(), (await look()).lock], ["Waiting", undefined]);
    assert.ok(!saysOf("Draining"));
    assert.deepEqual(await reasons(), ["pods (blocking): blocking pods are on this node: default/migration"]);
  });

  it("that comes in mid-drain, or just before the reboot, evicts it as any other", async () => {
    await start({ "blocking-pod-selector": "app=migration", "reboot-delay": "1m" });
    await addPod("web");
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining");
    await addPod("migration");
    await until("it is drained", async () => saysOf("waiting for --reboot-delay"));
    await addPod("migration-2", { app: "migration" });
    await until("it has rebooted", isRebooted, 5 * minute);
    assert.deepEqual(evictions(), ["web 201", "migration 201", "migration-2 201"]);
  });

  it("of which there is none in the whole cluster reboots, with any selectors of pods", async () => {
    await start({ "blocking-pod-selector": "app=migration", "drain-pod-selector": "app=web" });
    await wantReboot();
    await until("it has rebooted", isRebooted, 2 * minute);
  });

  it("does not mind it in a namespace that does not count", async () => {
    await start({ "blocking-pod-selector": "app=migration", "blocking-pod-namespace": "kube-system" });
    await addPod("migration");
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining", 10_000);
  });
});
