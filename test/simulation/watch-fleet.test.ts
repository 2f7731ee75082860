import assert from "node:assert/strict";
import type { Access } from "../../daemon/cli/access.ts";
import { statusOf } from "../../daemon/cli/cluster-status.ts";
import { type Fleet, readFleet } from "../../daemon/cli/fleet.ts";
import { watchFleet } from "../../daemon/cli/watch-fleet.ts";
import { createLockObject, type LockPlace } from "../../daemon/lock/lock-object.ts";
import { startVirtualServer, type VirtualServer } from "./virtual-server.ts";

const place: LockPlace = {
  kind: "lease",
  namespace: "kube-system",
  name: "rebootd",
  annotation: "rebootd.dev/lock",
};
const leases = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
const pods = "/api/v1/namespaces/kube-system/pods";
const second = 1000;
const readyIs = (status: string) => ({ conditions: [{ type: "Ready", status }] });

let world: VirtualServer;
let stop: AbortController;
let fleets: Fleet[];
let troubles: (string | undefined)[];
let ended: Promise<string>;

function access(): Access {
  const { api, time } = world;
  const ports = { api, clock: time.clock, random: () => 0.5 };
  return { ...ports, place, lockObject: createLockObject({ ...ports, place }), hooks: [] };
}

function watch(labelSelector?: string): void {
  stop = new AbortController();
  fleets = [];
  troubles = [];
  const viewer = {
    onChange: (fleet: Fleet) => void fleets.push(fleet),
    onTrouble: (text: string | undefined) => void troubles.push(text),
    labelSelector,
  };
  ended = watchFleet(access(), viewer, stop.signal).then(
    () => "ended",
    (error: Error) => error.message,
  );
}

const create = (path: string, body: object) => world.api.create(path, body, { signal: world.signal });
const annotate = (name: string, annotations: object) =>
  world.api.patch(`/api/v1/nodes/${name}`, { metadata: { annotations } }, { signal: world.signal });
const addNode = (name: string, labels = {}) => create("/api/v1/nodes", { metadata: { name, labels } });
const setReady = (path: string, status: string) =>
  world.api.patch(`${path}/status`, { status: readyIs(status) }, { signal: world.signal });
const names = (fleet = fleets.at(-1)) => fleet?.nodes.map(({ name }) => name).sort();
const annotationsOf = (name: string, fleet = fleets.at(-1)) =>
  fleet?.nodes.find((one) => one.name === name)?.annotations;
const holdersOf = (fleet = fleets.at(-1)) =>
  fleet &&
  statusOf(place, fleet.lockState, fleet.nodes, fleet.at, fleet.health).holders.map(({ node }) => node);

async function setLock(value: string): Promise<void> {
  const metadata = { annotations: { [place.annotation]: value } };
  await world.api.patch(`${leases}/rebootd`, { metadata }, { signal: world.signal });
}

async function addDaemon(node: string): Promise<void> {
  const metadata = { name: `rebootd-${node}`, labels: { "app.kubernetes.io/name": "rebootd" } };
  await create(pods, { metadata, spec: { nodeName: node, containers: [{ name: "rebootd", image: "r:1" }] } });
}

async function startCluster(): Promise<void> {
  world = startVirtualServer({ seed: undefined, authorization: "always-allow" });
  await create(leases, { metadata: { name: "rebootd" }, spec: {} });
  for (const name of ["n1", "n2"]) await addNode(name, { pool: name === "n1" ? "a" : "b" });
}

describe("A fleet that is watched", () => {
  beforeEach(startCluster);
  afterEach(async () => {
    stop.abort(new Error("the test is over"));
    await world.time.pass(second);
    await ended;
    await world.stop();
  });
  const pass = (ms: number) => world.time.pass(ms);

  it("is reported at the start, and with each change of a node, a daemon and the lock", async () => {
    watch();
    await pass(second);
    assert.deepEqual([fleets.length, names(), holdersOf()], [1, ["n1", "n2"], []]);
    await annotate("n1", { "rebootd.dev/paused": "disk", "example.com/other": "x".repeat(1000) });
    await pass(second);
    assert.deepEqual([fleets.length, annotationsOf("n1")], [2, { "rebootd.dev/paused": "disk" }]);
    await addDaemon("n1");
    await pass(second);
    assert.deepEqual([fleets.length, fleets.at(-1)?.health.daemons.length], [3, 1]);
    await setLock('{"nodeID":"n1","created":"2026-01-01T00:00:00Z","TTL":0}');
    await pass(second);
    assert.deepEqual([fleets.length, holdersOf()], [4, ["n1"]]);
    await setReady("/api/v1/nodes/n2", "False");
    await pass(second);
    assert.equal(fleets.at(-1)?.health.nodes.get("n2")?.status?.conditions?.[0]?.status, "False");
    await world.api.delete("/api/v1/nodes/n2", {}, { signal: world.signal });
    await pass(second);
    assert.deepEqual([names(), troubles], [["n1"], []]);
  });

  it("gathers changes that come together", async () => {
    watch();
    await pass(second);
    for (let round = 0; round < 20; round += 1) {
      await annotate("n1", { "rebootd.dev/paused": `${round}` });
      await pass(10);
    }
    await pass(second);
    assert.deepEqual(annotationsOf("n1"), { "rebootd.dev/paused": "19" });
    assert.ok(fleets.length <= 4, `${fleets.length} reports`);
  });

  it("has only the nodes that are selected", async () => {
    watch("pool=a");
    await pass(second);
    assert.deepEqual(names(), ["n1"]);
    await world.api.patch(
      "/api/v1/nodes/n1",
      { metadata: { labels: { pool: "b" } } },
      { signal: world.signal },
    );
    await pass(second);
    assert.deepEqual(names(), []);
  });

  it("goes on after its watches are cut, and says nothing of it", async () => {
    watch();
    await pass(second);
    world.server.cutWatches();
    await annotate("n1", { "rebootd.dev/paused": "cut" });
    await setLock('{"nodeID":"n1","created":"2026-01-01T00:00:00Z","TTL":0}');
    await pass(10 * second);
    assert.deepEqual([annotationsOf("n1"), holdersOf()], [{ "rebootd.dev/paused": "cut" }, ["n1"]]);
  });

  it("tells that the server is away, and that it is back, with what has changed meanwhile", async () => {
    watch();
    await pass(second);
    world.server.setAway(true);
    await pass(30 * second);
    assert.equal(troubles.length > 0 && typeof troubles.at(-1), "string");
    world.server.setAway(false);
    await world.api.delete("/api/v1/nodes/n2", {}, { signal: world.signal });
    world.server.compact();
    await pass(30 * second);
    assert.deepEqual([troubles.at(-1), names()], [undefined, ["n1"]]);
  });

  it("is asked for by three watches, and by nothing else while nothing changes", async () => {
    watch();
    await pass(second);
    world.server.ledger.clear();
    await pass(10 * 60 * second);
    assert.equal(world.server.ledger.total, 0);
    assert.equal(world.server.openWatches, 3);
  });

  it("is a failure if the first read is refused", async () => {
    world.server.faults.add({
      match: { resource: "pods" },
      effect: { refusal: { code: 403, reason: "Forbidden", message: "no" } },
    });
    watch();
    await pass(second);
    assert.match(await ended, /list \/api\/v1\/pods.*403/);
  });
});

describe("A fleet that is read once", () => {
  beforeEach(startCluster);
  afterEach(() => world.stop());

  it("has the readiness of holders, and of nodes whose daemon is not Ready; of no other", async () => {
    for (const name of ["n3", "n4"]) await addNode(name);
    for (const name of ["n1", "n2", "n3", "n4"]) {
      await addDaemon(name);
      await setReady(`${pods}/rebootd-${name}`, name === "n2" ? "False" : "True");
    }
    await setLock('{"nodeID":"n3","created":"2026-01-01T00:00:00Z","TTL":0}');
    world.server.ledger.clear();
    const fleet = await readFleet(access(), world.signal);
    assert.deepEqual([[...fleet.health.nodes.keys()].sort(), names(fleet)?.length], [["n2", "n3"], 4]);
    assert.equal(world.server.ledger.total, 5);
  });
});
