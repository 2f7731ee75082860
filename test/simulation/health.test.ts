import assert from "node:assert/strict";
import type { RawOptions } from "../../daemon/config/settings.ts";
import { examples } from "../health/objects.ts";
import { everyRow } from "../rows.ts";
import { daemonUser } from "../world/manifests.ts";
import { isFromDaemon, type SmallWorldOptions } from "./small-world.ts";
import { createStory, minute } from "./story.ts";

const story = createStory();
const { boots, isRebooted, look, node, pass, phase, readNode, reasons, saysOf, until, wantReboot } = story;

const components = ["health"];
type Example = (typeof examples)[keyof typeof examples];

const namespaceOf = (path: string) => /namespaces\/([^/]+)/.exec(path)?.[1];

/** Creates the namespace of an object, and the object. */
async function put({ collection, healthy }: Example): Promise<void> {
  const { api, server } = story.world;
  const namespace = namespaceOf(collection);
  if (namespace !== undefined && server.stored("namespaces", namespace) === undefined)
    await api.create("/api/v1/namespaces", { metadata: { name: namespace } }, story.world);
  const isDeployment = collection.endsWith("/deployments");
  const labels = { app: "web" };
  const template = { metadata: { labels }, spec: { containers: [{ name: "main", image: "web:1" }] } };
  const spec = { replicas: 0, selector: { matchLabels: labels }, template };
  await api.create(collection, { metadata: healthy.metadata, ...(isDeployment && { spec }) }, story.world);
  await setStatus(collection, healthy.metadata.name, healthy.status);
}

const setStatus = (collection: string, name: string, status: object) =>
  story.world.api.patch(`${collection}/${name}/status`, { status }, story.world);
const breakIt = ({ collection, healthy, broken }: Example) =>
  setStatus(collection, healthy.metadata.name, broken);
const mend = ({ collection, healthy }: Example) =>
  setStatus(collection, healthy.metadata.name, healthy.status);

/** A cluster whose daemons have these conditions. */
const start = (options: RawOptions, more: Partial<SmallWorldOptions> = {}) =>
  story.start(options, { components, ...more });

/** How often the daemons have read objects of this resource, since the ledger was cleared. */
const readsOf = (resource: string) =>
  story.world.server.ledger.count({
    user: daemonUser.name,
    resource,
    where: ({ verb }) => verb === "get" || verb === "list",
  });

const { ceph, flux } = examples;
const whenCeph = { "healthy-when": ceph.condition };

/** n1 waits for this reason alone, and nothing has been done to it. */
async function waitsFor(says: RegExp): Promise<void> {
  const { cordoned, lock } = await look();
  assert.deepEqual([await phase(), boots(), cordoned, lock], ["Waiting", 1, [], undefined]);
  const [reason = "", ...more] = await reasons();
  assert.deepEqual(more, []);
  assert.match(reason, says);
}

describe("A node beside objects that are not healthy", () => {
  afterEach(story.stop);

  it("waits for each kind of object that operators watch, and goes once it is healthy", () =>
    everyRow(
      Object.entries(examples).filter(([name]) => name !== "nodes" && name !== "deployment"),
      async (example) => {
        await start({ "healthy-when": example.condition });
        await put(example);
        await breakIt(example);
        await wantReboot();
        await pass(5 * minute);
        const { name } = example.healthy.metadata;
        await waitsFor(new RegExp(`^health \\(unhealthy\\): .*${name}.* is false$`));
        await mend(example);
        await until("n1 has rebooted", isRebooted, 15 * minute);
        await story.stop();
      },
    ));

  it("waits for a Deployment until its pods are Ready", async () => {
    const ready = "status.?readyReplicas.orValue(0) == spec.replicas";
    await start({ "healthy-when": `apps/v1/Deployment/default: ${ready}` });
    const labels = { app: "web" };
    const spec = { nodeSelector: { "test/disk": "none" }, containers: [{ name: "main", image: "web:1" }] };
    const template = { metadata: { labels }, spec };
    const deployments = "/apis/apps/v1/namespaces/default/deployments";
    await story.world.api.create(
      deployments,
      { metadata: { name: "web" }, spec: { replicas: 2, selector: { matchLabels: labels }, template } },
      story.world,
    );
    await wantReboot();
    await pass(5 * minute);
    await waitsFor(/^health \(unhealthy\): 1 of 1 objects of Deployment are not healthy \(default\/web\): /);
    await story.world.api.patch(`${deployments}/web`, { spec: { replicas: 0 } }, story.world);
    await until("n1 has rebooted", isRebooted, 15 * minute);
  });

  it("waits while another node is not Ready, by a condition over all Nodes", async () => {
    await start({ "healthy-when": examples.nodes.condition }, { nodes: 2 });
    node("n2").machine.behaviour.comesBack = false;
    node("n2").losesPower();
    await pass(2 * minute);
    await wantReboot();
    await pass(2 * minute);
    await waitsFor(/^health \(unhealthy\): 1 of 2 objects of Node are not healthy \(n2\): /);
  });

  it("tells from the daemon's own words what is wrong, in its log as on its Node", async () => {
    await start(whenCeph);
    await put(ceph);
    await breakIt(ceph);
    await wantReboot();
    await pass(minute);
    assert.ok(
      saysOf("CephCluster rook-ceph/rook-ceph is not healthy: status.ceph.health == 'HEALTH_OK' is false"),
    );
    assert.ok(!story.world.logs.some((line) => line.includes("OSD_DOWN")));
  });
});

describe("A node that cannot tell whether objects are healthy", () => {
  afterEach(story.stop);

  const rows: [what: string, act: () => Promise<void>, says: RegExp, more?: Partial<SmallWorldOptions>][] = [
    [
      "waits without the object",
      async () => {},
      /^health \(no-object\): there is no CephCluster rook-ceph\/rook-ceph$/,
    ],
    [
      "waits without the right to read it, and names the right",
      () => put(ceph),
      /^health \(forbidden\): rebootd may not get cephclusters.ceph.rook.io in rook-ceph; grant it/,
      { components: [] },
    ],
    [
      "waits while the object does not say it yet",
      async () => {
        await put(ceph);
        await setStatus(ceph.collection, "rook-ceph", { ceph: null });
      },
      /^health \(cannot-tell\): .*: No such key: ceph at character 8 in status.ceph.health == 'HEALTH_OK'$/,
    ],
    [
      "waits while the server fails",
      async () => {
        await put(ceph);
        story.world.server.faults.add({
          match: { resource: "cephclusters", where: isFromDaemon },
          effect: { status: 503 },
        });
      },
      /^health \(cannot-tell\): /,
    ],
  ];
  it("waits, and says why", () =>
    everyRow(rows, async (act, says, more) => {
      await start(whenCeph, more);
      await act();
      await wantReboot();
      await pass(3 * minute);
      await waitsFor(says);
      await story.stop();
    }));

  it("waits for a kind that the cluster does not serve", async () => {
    await start({ "healthy-when": "example.com/v1/Thing: true" });
    await wantReboot();
    await pass(3 * minute);
    await waitsFor(/^health \(not-served\): the cluster serves no Thing of example.com\/v1$/);
  });
});

describe("Nodes with conditions of health", () => {
  afterEach(story.stop);

  it("ask nobody while they are at rest, and about once a minute and then less often while they wait", async () => {
    await start(whenCeph, { nodes: 3 });
    await put(ceph);
    await breakIt(ceph);
    await pass(60 * minute);
    assert.equal(readsOf("cephclusters"), 0);
    for (const name of ["n1", "n2", "n3"]) node(name).wantsReboot();
    await pass(10 * minute);
    assert.ok(readsOf("cephclusters") <= 3 * 8, `${readsOf("cephclusters")} in ten minutes`);
    story.world.server.ledger.clear();
    await pass(60 * minute);
    assert.ok(readsOf("cephclusters") <= 3 * 8, `${readsOf("cephclusters")} in an hour`);
    await mend(ceph);
    await until(
      "all have rebooted",
      async () => ["n1", "n2", "n3"].every((name) => node(name).machine.boots.length === 2),
      60 * minute,
    );
  });

  it("do not ask while another node holds the slot", async () => {
    await start({ ...whenCeph, "drain-timeout": "2h", preflight: "off" }, { nodes: 5 });
    await put(ceph);
    await story.addPod("db");
    await story.addBudget("db");
    await wantReboot();
    await until("n1 drains", async () => (await phase()) === "Draining");
    story.world.server.ledger.clear();
    for (const name of ["n2", "n3", "n4", "n5"]) node(name).wantsReboot();
    await pass(60 * minute);
    assert.equal(await node("n2").phase(), "Waiting");
    assert.equal(readsOf("cephclusters"), 0);
  });

  it("go one after the other, each only once the storage has recovered from the one before", async () => {
    await start(whenCeph, { nodes: 3 });
    await put(ceph);
    for (const name of ["n1", "n2", "n3"]) node(name).wantsReboot();
    await until("the first is back", async () =>
      ["n1", "n2", "n3"].some((name) => node(name).machine.boots.length === 2),
    );
    await breakIt(ceph);
    await pass(30 * minute);
    const count = () => ["n1", "n2", "n3"].filter((name) => node(name).machine.boots.length === 2).length;
    assert.equal(count(), 1);
    await mend(ceph);
    await until("the second is back", async () => count() === 2, 20 * minute);
  });
});

describe("A node that is back before the objects are", () => {
  afterEach(story.stop);

  const beforeUncordon = { "healthy-before-uncordon": flux.condition };
  const isCordoned = async () => (await readNode()).spec?.unschedulable === true;

  it("stays cordoned and keeps its slot until they are healthy, and is overdue meanwhile", async () => {
    await start(beforeUncordon, { nodes: 2 });
    await put(flux);
    await breakIt(flux);
    await wantReboot();
    await until("n1 is back", async () => boots() === 2 && (await phase()) === "Returning");
    await pass(5 * minute);
    node("n2").wantsReboot();
    await pass(5 * minute);
    assert.equal(await isCordoned(), true);
    assert.ok(saysOf("Kustomization flux-system/apps is not healthy"));
    await pass(10 * minute);
    assert.ok(saysOf("for longer than --ready-timeout; it keeps its slot"));
    assert.deepEqual((await look()).cordoned, ["n1"]);
    story.world.server.ledger.clear();
    await pass(60 * minute);
    assert.ok(readsOf("kustomizations") <= 61, `${readsOf("kustomizations")} in an hour`);
    await mend(flux);
    await until("n1 is uncordoned", async () => !(await isCordoned()), 2 * minute);
    assert.equal(await phase(), "Idle");
  });

  it("is not held before its start, and not asked for anything before it is back", async () => {
    await start(beforeUncordon);
    await put(flux);
    await wantReboot();
    await until("n1 goes down", async () => boots() === 2);
    assert.equal(readsOf("kustomizations"), 0);
    await until("n1 has rebooted", isRebooted);
    assert.equal(readsOf("kustomizations"), 1);
  });

  it("waits as well where it cannot tell", async () => {
    await start(beforeUncordon, { components: [] });
    await wantReboot();
    await until("n1 is back", async () => boots() === 2 && (await phase()) === "Returning");
    await pass(2 * minute);
    assert.equal(await isCordoned(), true);
    assert.ok(saysOf("rebootd may not get kustomizations.kustomize.toolkit.fluxcd.io in flux-system"));
  });
});
