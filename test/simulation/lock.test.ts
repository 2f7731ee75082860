import assert from "node:assert/strict";
import type { RawOptions } from "../../daemon/config/settings.ts";
import { type SmallWorld, type SmallWorldOptions, slowCluster, startSmallWorld } from "./small-world.ts";

const minute = 60_000;
const lease = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/rebootd";
const daemonSets = "/apis/apps/v1/namespaces/kube-system/daemonsets";
const created = "2026-11-24T11:00:00Z";

let world: SmallWorld;

async function start(
  nodes: number,
  options: RawOptions = {},
  more: Partial<SmallWorldOptions> = {},
): Promise<void> {
  world = await startSmallWorld({ nodes, options, rights: "everything", ...more });
}

async function annotate(path: string, key: string, value: string | null): Promise<void> {
  await world.api.patch(path, { metadata: { annotations: { [key]: value } } }, { signal: world.signal });
}

const setLock = (value: unknown) =>
  annotate(
    lease,
    "rebootd.dev/lock",
    typeof value === "string" || value === null ? value : JSON.stringify(value),
  );

function wantReboots(): void {
  for (const machine of world.machines) machine.wantReboot();
}

const boots = () => world.machines.map((machine) => machine.boots.length);
const cordoned = async () => (await world.look()).cordoned;

describe("The lock", () => {
  afterEach(() => world.stop());

  describe("whose holder's Node was deleted", () => {
    it("goes on to the next node, after two looks", async () => {
      await start(1);
      await setLock({ nodeID: "gone", metadata: { unschedulable: false }, created, TTL: 0 });
      wantReboots();
      await world.pass(29_000);
      assert.deepEqual(await cordoned(), []);
      await world.pass(10 * minute);
      assert.deepEqual(boots(), [2]);
      assert.equal((await world.look()).lock, undefined);
    });

    it("is kept when that Node is there again at the second look", async () => {
      await start(2);
      const gone = { nodeID: "n9", created, TTL: 0 };
      await setLock(gone);
      wantReboots();
      const node = { metadata: { name: "n9" } };
      let looks = 0;
      world.onDaemonRequest = (_, { path }) => {
        if (path !== "/api/v1/nodes/n9") return;
        looks += 1;
        if (looks === 1)
          world.time.timers.setTimeout(() => void world.api.create("/api/v1/nodes", node, world), 1000);
      };
      await world.pass(60 * minute);
      assert.ok(looks >= 2);
      assert.deepEqual(boots(), [1, 1]);
      assert.equal((await world.look()).lock, JSON.stringify(gone));
    });
  });

  it("whose holder's Node was made anew under its name goes on", async () => {
    await start(2);
    await setLock({ nodeID: "n2", nodeUID: "of-the-one-before", created, TTL: 0 });
    world.node("n1").wantsReboot();
    await world.pass(10 * minute);
    assert.deepEqual(boots(), [2, 1]);
  });

  it("is not taken from a Node that exists, however long it holds", async () => {
    await start(2, {}, slowCluster);
    const n2 = { nodeID: "n2", created, TTL: 0 };
    await setLock(n2);
    // The daemon of n2 would give the slot back: it is not its own.
    world.machine("n2").behaviour.comesBack = false;
    world.node("n2").losesPower();
    world.node("n1").wantsReboot();
    await world.pass(48 * 60 * minute);
    assert.equal(boots()[0], 1);
    assert.equal((await world.look()).lock, JSON.stringify(n2));
  });

  it("costs a node that waits for it at most six requests an hour, and one watch beside that of its Node", async () => {
    const hours = 24;
    for (const concurrency of ["1", "100%"]) {
      await start(2, { concurrency, "max-per-zone": "1" }, { ...slowCluster, bookmarkIntervalMs: minute });
      await setLock({ nodeID: "n2", created, TTL: 0, concurrency: 1 });
      world.machine("n2").behaviour.comesBack = false;
      world.node("n2").losesPower();
      world.node("n1").wantsReboot();
      await world.pass(10 * minute);
      const asked: string[] = [];
      world.onDaemonRequest = (_, { method, path }) => void asked.push(`${method} ${path}`);
      const watches = world.server.openWatches;
      await world.pass(hours * 60 * minute);
      const isWatch = (request: string) => request.includes("watch=true");
      const requests = asked.filter((request) => !isWatch(request));
      assert.ok(requests.length <= 6 * hours, `${requests.length} with concurrency ${concurrency}`);
      assert.ok(
        requests.every((request) =>
          /^(GET .*(nodes\/n[12]|nodes\?limit=1|leases\/rebootd)|POST .*\/events)$/.test(request),
        ),
        [...new Set(requests)].join(),
      );
      const events = requests.filter((request) => request.startsWith("POST"));
      assert.equal(events.length, 1, "it warns once of the holder that does not come back");
      // A watch that the server ends is opened again.
      const watched = new Set(
        asked.filter(isWatch).map((request) => /metadata.name%3D([^&]+)/.exec(request)?.[1]),
      );
      assert.ok(
        [...watched].every((name) => name === "n1" || name === "rebootd"),
        `${[...watched]}`,
      );
      assert.equal(world.server.openWatches, watches);
      assert.deepEqual(boots(), [1, 1]);
      if (concurrency === "1") await world.stop();
    }
  });

  it("set by hand is never an orphan, whatever it names", async () => {
    await start(1, {}, slowCluster);
    await setLock({ nodeID: "gone" });
    wantReboots();
    await world.pass(24 * 60 * minute);
    assert.deepEqual(boots(), [1]);
  });

  it("set by hand beside holders, with several slots, stops every new cycle and loses nobody", async () => {
    await start(3, { concurrency: "3", "reboot-delay": "2m" });
    world.node("n1").wantsReboot();
    world.node("n2").wantsReboot();
    await world.pass(10_000);
    const { lock } = await world.look();
    const { locks } = JSON.parse(lock ?? "") as { locks: unknown[] };
    assert.equal(locks.length, 2);
    await setLock({ maxOwners: 3, locks: [...locks, { nodeID: "manual" }] });
    world.node("n3").wantsReboot();
    await world.pass(20 * minute);
    assert.deepEqual(boots(), [2, 2, 1]);
    assert.deepEqual(JSON.parse((await world.look()).lock ?? ""), {
      maxOwners: 3,
      locks: [{ nodeID: "manual" }],
    });
  });

  for (const junk of ["{}", "null", "[]", "not json", "x".repeat(200_000)]) {
    it(`that reads ${junk.slice(0, 12)} holds every node back and is left as it is`, async () => {
      await start(1);
      await setLock(junk);
      wantReboots();
      await world.pass(60 * minute);
      assert.deepEqual(boots(), [1]);
      assert.equal((await world.look()).lock, junk);
      await setLock(null);
      await world.pass(2 * minute);
      assert.deepEqual(boots(), [2]);
    });
  }

  describe("on kured's DaemonSet", () => {
    const kured = "weave.works/kured-node-lock";
    async function startBesideKured(nodes: number, options: RawOptions = {}): Promise<void> {
      await start(nodes, { "ds-name": "kured", ...options });
      const labels = { name: "kured" };
      const template = {
        metadata: { labels },
        spec: { containers: [{ name: "kured", image: "kured:1" }], nodeSelector: { nowhere: "true" } },
      };
      const body = { metadata: { name: "kured" }, spec: { selector: { matchLabels: labels }, template } };
      await world.api.create(daemonSets, body, { signal: world.signal });
    }
    const lockOfKured = async () => {
      const { metadata } = await world.api.get<{ metadata: { annotations?: Record<string, string> } }>(
        `${daemonSets}/kured`,
        { signal: world.signal },
      );
      return metadata.annotations?.[kured];
    };

    const shapes: [shape: string, concurrency: string, value: object][] = [
      ["single", "1", { nodeID: "n2", metadata: { unschedulable: false }, created, TTL: 0 }],
      [
        "several",
        "1",
        { maxOwners: 2, locks: [{ nodeID: "n2", metadata: { unschedulable: false }, created, TTL: 0 }] },
      ],
      [
        "several, all taken,",
        "2",
        { maxOwners: 2, locks: ["n2", "n3"].map((nodeID) => ({ nodeID, metadata: {}, created, TTL: 0 })) },
      ],
    ];
    for (const [shape, concurrency, value] of shapes) {
      it(`waits while kured holds it in the ${shape} shape, and goes on when kured has let go`, async () => {
        await startBesideKured(1, { concurrency });
        for (const name of ["n2", "n3"]) {
          await world.api.create("/api/v1/nodes", { metadata: { name } }, { signal: world.signal });
        }
        await annotate(`${daemonSets}/kured`, kured, JSON.stringify(value));
        wantReboots();
        await world.pass(60 * minute);
        assert.deepEqual(boots(), [1]);
        assert.equal(await lockOfKured(), JSON.stringify(value));
        await annotate(`${daemonSets}/kured`, kured, '{"maxOwners":2,"locks":[]}');
        await world.pass(2 * minute);
        assert.deepEqual(boots(), [2]);
        assert.equal(await lockOfKured(), undefined);
      });
    }

    it("is written as kured reads it", async () => {
      await startBesideKured(1, { "reboot-delay": "1m" });
      wantReboots();
      await world.pass(30_000);
      const entry = JSON.parse((await lockOfKured()) ?? "") as Record<string, unknown>;
      assert.equal(entry["nodeID"], "n1");
      assert.deepEqual(entry["metadata"], { unschedulable: false });
      assert.match(String(entry["created"]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
      assert.equal(entry["TTL"], 0);
    });
  });
});
