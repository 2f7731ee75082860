/** What a daemon remembers is not believed for ever: a watch may be broken or silent, a backup restored, a Node made anew. */

import assert from "node:assert/strict";
import { contract } from "../../daemon/annotations/names.ts";
import type { Transport } from "../../daemon/cluster/transport.ts";
import { bodyOf, oneChunk } from "../kubernetes/api/bodies.ts";
import { type SmallWorld, startSmallWorld } from "./small-world.ts";
import { recordOn } from "./stored.ts";

const minute = 60_000;
const hour = 60 * minute;
const lease = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/rebootd";

let world: SmallWorld;

const boots = (node: string) => world.machine(node).boots.length;
const setLock = (value: string | null) =>
  world.api.patch(
    lease,
    { metadata: { annotations: { "rebootd.dev/lock": value } } },
    { signal: world.signal },
  );
const recordOf = (node: string) => recordOn(world, node);
const entryOf = (node: string) =>
  JSON.stringify({
    nodeID: node,
    created: "2026-11-24T12:00:05.128Z",
    concurrency: 1,
    nodeUID: world.server.stored("nodes", node)?.metadata.uid,
  });

describe("A node that waits for a lock which is free again reboots", () => {
  afterEach(() => world.stop());

  async function expectRebooted(
    between: (node: string, transport: Transport) => Transport,
    withinMs: number,
  ): Promise<void> {
    world = await startSmallWorld({ nodes: 1, between, options: { period: "10m" } });
    await setLock('{"nodeID":"manual"}');
    world.node("n1").wantsReboot();
    await world.pass(5 * minute);
    assert.equal(recordOf("n1")?.reasons[0]?.code, "lock-manual");
    await setLock(null);
    await world.pass(withinMs);
    assert.equal(boots("n1"), 2);
  }

  const isLockWatch = (path: string) => path.includes("/leases?") && path.includes("watch=true");

  it("though its watch is refused for good, within three minutes", () =>
    expectRebooted(
      (_, transport) => async (request) => {
        if (!isLockWatch(request.path)) return await transport(request);
        const status = { kind: "Status", code: 429, reason: "TooManyRequests", message: "too many" };
        return {
          status: 429,
          header: () => undefined,
          chunks: () => oneChunk(JSON.stringify(status)),
        };
      },
      3 * minute,
    ));

  it("though its watch carries bookmarks alone, within a period", () =>
    expectRebooted(
      (_, transport) => async (request) => {
        const answer = await transport(request);
        if (!isLockWatch(request.path)) return answer;
        async function* chunks() {
          for await (const chunk of answer.chunks()) {
            yield chunk
              .split("\n")
              .filter((line) => line === "" || line.includes('"BOOKMARK"'))
              .join("\n");
          }
        }
        return { ...answer, chunks };
      },
      11 * minute,
    ));

  it("though its watch is half open, within a period", () =>
    expectRebooted(
      (_, transport) => async (request) => {
        const answer = await transport(request);
        if (!isLockWatch(request.path)) return answer;
        async function* chunks() {
          yield "";
          await new Promise(() => {});
        }
        return { ...answer, chunks };
      },
      11 * minute,
    ));

  for (const [what, options] of [
    ["any node", {}],
    ["with --max-unavailable", { "max-unavailable": "1" }],
  ] as const) {
    it(`though what it has read of the lock arrives after the watch has shown more (${what})`, async () => {
      let isArmed = false;
      const between =
        (node: string, transport: Transport): Transport =>
        async (request) => {
          const isRead = node === "n1" && request.method === "GET" && request.path === lease;
          if (!isArmed || !isRead) return await transport(request);
          isArmed = false;
          // n2 was a moment faster, and releases its slot at once; the answer that says that it is in is on its way meanwhile.
          await setLock(entryOf("n2"));
          const answer = await transport(request);
          const text = await bodyOf(answer);
          world.time.timers.setTimeout(() => void setLock(null), 1000);
          await world.time.clock.sleep(2000, world.signal);
          return { ...answer, chunks: () => oneChunk(text) };
        };
      world = await startSmallWorld({ nodes: 2, between, options: { period: "10m", ...options } });
      await setLock(entryOf("n2"));
      world.node("n1").wantsReboot();
      await world.pass(minute);
      isArmed = true;
      await setLock(null);
      await world.time.until("n1 has rebooted", () => boots("n1") === 2, 3 * minute);
    }).timeout(240_000);
  }
});

describe("A daemon whose node is at rest sees within a period", () => {
  afterEach(() => world.stop());

  it("that its Node and the lock say that it is in mid-cycle, as etcd was restored", async () => {
    world = await startSmallWorld({ nodes: 2, options: { period: "10m", "reboot-delay": "1m" } });
    world.node("n1").wantsReboot();
    await world.pass(30_000);
    assert.equal(recordOf("n1")?.phase, "Draining");
    const cycle = world.server.stored("nodes", "n1")?.metadata.annotations?.[contract.cycle.key] ?? "";
    const { lock = null } = await world.look();
    await world.pass(10 * minute);
    assert.equal(recordOf("n1")?.phase, "Idle");
    const annotations = { [contract.cycle.key]: cycle };
    const patch = { metadata: { annotations }, spec: { unschedulable: true } };
    await world.api.patch("/api/v1/nodes/n1", patch, { signal: world.signal });
    await setLock(lock);
    world.node("n2").wantsReboot();
    await world.time.until("n2 has rebooted", () => boots("n2") === 2, 15 * minute);
    await world.pass(minute);
    assert.deepEqual((await world.look()).cordoned, []);
  });

  it("that the lock has an entry of its own, which a person has pasted back", async () => {
    world = await startSmallWorld({ nodes: 2, options: { period: "10m", "reboot-delay": "1m" } });
    world.node("n1").wantsReboot();
    await world.pass(30_000);
    const { lock: before = null } = await world.look();
    await setLock('{"nodeID":"manual"}');
    world.node("n1").wantsNoReboot();
    await world.pass(2 * minute);
    await setLock(before);
    world.node("n2").wantsReboot();
    await world.time.until("n2 has rebooted", () => boots("n2") === 2, 15 * minute);
  });

  it("that its Node was made anew, and heeds what is asked of that at once", async () => {
    world = await startSmallWorld({ nodes: 1, options: { period: "10m" } });
    await world.pass(10_000);
    const before = await world.api.get<{ metadata: { labels: object }; status: object }>("/api/v1/nodes/n1", {
      signal: world.signal,
    });
    await world.api.delete("/api/v1/nodes/n1", {}, { signal: world.signal });
    await world.pass(2000);
    const metadata = { name: "n1", labels: before.metadata.labels };
    await world.api.create("/api/v1/nodes", { metadata }, { signal: world.signal });
    await world.api.patch("/api/v1/nodes/n1/status", { status: before.status }, { signal: world.signal });
    await world.pass(10_000);
    const annotations = { [contract.request.key]: "firmware" };
    await world.api.patch("/api/v1/nodes/n1", { metadata: { annotations } }, { signal: world.signal });
    await world.time.until("n1 has rebooted", () => boots("n1") === 2, 2 * minute);
  });
});

describe("A write of the Node that takes effect after its daemon has given it up", () => {
  afterEach(() => world.stop());

  it("does not make the node forget its cordon", async () => {
    let held = 0;
    const between =
      (node: string, transport: Transport): Transport =>
      async (request) => {
        const isSaid = (request.body ?? "").includes('\\"phase\\":\\"Waiting\\"');
        if (node !== "n1" || request.method !== "PATCH" || !isSaid || held > 0)
          return await transport(request);
        held += 1;
        await world.time.clock.sleep(33_000, world.signal);
        return await transport({ ...request, signal: world.signal });
      };
    world = await startSmallWorld({ nodes: 2, between, options: { "reboot-delay": "20s" } });
    await setLock('{"nodeID":"manual"}');
    world.node("n1").wantsReboot();
    await world.pass(20_000);
    await setLock(null);
    await world.pass(20 * minute);
    assert.equal(held, 1);
    assert.deepEqual([boots("n1"), (await world.look()).cordoned], [2, []]);
  });
});

describe("A write of the lock that takes effect after its daemon has given it up", () => {
  afterEach(() => world.stop());

  it("leaves no slot with a node that needs no reboot any more", async () => {
    let held = 0;
    const between =
      (_: string, transport: Transport): Transport =>
      async (request) => {
        if (request.method !== "PATCH" || request.path !== lease || held > 0) return await transport(request);
        held += 1;
        await world.time.clock.sleep(45_000, world.signal);
        return await transport({ ...request, signal: world.signal });
      };
    world = await startSmallWorld({ nodes: 1, between, options: { period: "1h" } });
    const isTaken = async () => (await world.look()).lock !== undefined;
    world.node("n1").wantsReboot();
    await world.pass(10_000);
    world.node("n1").wantsNoReboot();
    await world.pass(25_000);
    assert.deepEqual([held, recordOf("n1")?.phase ?? "Idle", await isTaken()], [1, "Idle", false]);
    await world.pass(20_000);
    assert.equal(await isTaken(), true);
    await world.pass(minute);
    assert.deepEqual([await isTaken(), boots("n1")], [false, 1]);
  });
});

describe("A record that somebody else writes while the daemon looks at the lock", () => {
  afterEach(() => world.stop());

  it("is not overwritten, though the watch has shown it meanwhile", async () => {
    let isArmed = false;
    const between =
      (node: string, transport: Transport): Transport =>
      async (request) => {
        const answer = await transport(request);
        const isRead = node === "n1" && request.method === "GET" && request.path === lease;
        const record = recordOf("n1");
        if (!isRead || !isArmed) return answer;
        isArmed = false;
        const annotations = { [contract.cycle.key]: JSON.stringify({ ...record, withdrawals: 5 }) };
        const metadata = { annotations };
        await world.api.patch("/api/v1/nodes/n1", { metadata }, { signal: world.signal });
        await world.time.clock.sleep(1000, world.signal);
        return answer;
      };
    world = await startSmallWorld({ nodes: 1, between, options: { period: "10m" } });
    await setLock('{"nodeID":"manual"}');
    world.node("n1").wantsReboot();
    await world.pass(minute);
    world.node("n1").wantsNoReboot();
    await world.pass(minute);
    isArmed = true;
    world.node("n1").wantsReboot();
    await world.pass(minute);
    assert.deepEqual([isArmed, recordOf("n1")?.withdrawals, recordOf("n1")?.phase], [false, 5, "Waiting"]);
  });
});

describe("The record of a running cycle that somebody takes away", () => {
  afterEach(() => world.stop());

  it("is written again, so that a daemon that is killed then still uncordons its node", async () => {
    world = await startSmallWorld({ nodes: 1, options: { "reboot-delay": "10m" } });
    world.node("n1").wantsReboot();
    await world.time.until("n1 drains", () => recordOf("n1")?.phase === "Draining", minute);
    await world.api.patch(
      "/api/v1/nodes/n1",
      { metadata: { annotations: { [contract.cycle.key]: null } } },
      { signal: world.signal },
    );
    await world.time.until("it is there again", () => recordOf("n1")?.cordoned === true, minute);
    world.node("n1").crashDaemon();
    await world.pass(30 * minute);
    assert.deepEqual([boots("n1"), (await world.look()).cordoned], [2, []]);
  });

  it("together with the cordon, as by a restore, is written again without that: a later cordon is a person's", async () => {
    world = await startSmallWorld({ nodes: 1 });
    world.machine("n1").behaviour.shutdownMs = 5 * minute;
    const { api, signal } = world;
    const patch = (body: object) => api.patch("/api/v1/nodes/n1", body, { signal });
    world.node("n1").wantsReboot();
    await world.time.until("n1 was asked", () => recordOf("n1")?.askedAt !== undefined, minute);
    await patch({ metadata: { annotations: { [contract.cycle.key]: null } }, spec: { unschedulable: null } });
    await world.time.until("it is there again", () => recordOf("n1")?.cordoned === false, minute);
    await patch({ spec: { unschedulable: true } });
    await world.pass(30 * minute);
    assert.deepEqual([boots("n1"), (await world.look()).cordoned], [2, ["n1"]]);
  });
});

describe("The need of many nodes at one moment", () => {
  afterEach(() => world.stop());

  it("is on each Node within a minute, with what it waits for and since when", async () => {
    for (let seed = 1; seed <= 5; seed += 1) {
      world = await startSmallWorld({ nodes: 5, seed });
      for (const { behaviour } of world.machines) behaviour.downMs = 30 * minute;
      for (const machine of world.machines) machine.wantReboot();
      await world.pass(minute);
      const said = world.machines.map(({ name }) => recordOf(name));
      const waiting = said.filter((record) => record?.phase === "Waiting");
      assert.equal(waiting.length, 4, `seed ${seed}: ${said.map((record) => record?.phase)}`);
      for (const record of waiting) {
        assert.deepEqual(
          record?.reasons.map(({ code }) => code),
          ["lock-taken"],
        );
        assert.ok(Date.parse(record?.need?.since ?? "") < Date.parse("2026-11-24T12:00:10Z"));
      }
      if (seed < 5) await world.stop();
    }
  });

  it("is no longer said to wait for the window, a minute after that has opened", async () => {
    const options = { "start-time": "13:00", "end-time": "20:00" };
    world = await startSmallWorld({ nodes: 5, options });
    for (const { behaviour } of world.machines) behaviour.downMs = 50 * minute;
    for (const machine of world.machines) machine.wantReboot();
    await world.pass(minute);
    assert.ok(world.machines.every(({ name }) => recordOf(name)?.reasons[0]?.gate === "window"));
    await world.pass(60 * minute);
    const gates = world.machines.flatMap(({ name }) => recordOf(name)?.reasons.map(({ gate }) => gate) ?? []);
    assert.deepEqual([...new Set(gates)], ["lock"]);
  });
});

describe("An API server that is away for longer than a drain may take", () => {
  afterEach(() => world.stop());

  it("halts no cluster in which nodes have just begun to drain", () => expectNoFailure(() => {}));

  it("halts none either where the daemons are started anew meanwhile", () =>
    expectNoFailure(() => {
      for (const machine of world.machines) machine.crashDaemon();
    }));

  it("halts none either where the clocks are set meanwhile", () =>
    expectNoFailure(() => {
      for (const { name } of world.machines) world.clockOf(name).step(2 * hour);
    }));

  async function expectNoFailure(meanwhile: () => void): Promise<void> {
    world = await startSmallWorld({
      nodes: 4,
      options: { concurrency: "3" },
      workloads: [{ name: "web", replicas: 8 }],
    });
    for (const machine of world.machines) machine.wantReboot();
    const areDraining = () =>
      world.machines.filter(({ name }) => recordOf(name)?.phase === "Draining").length === 3;
    await world.time.until("three drain", areDraining, minute);
    world.setAway("outage", true);
    await world.pass(minute);
    meanwhile();
    await world.pass(hour);
    world.setAway("outage", false);
    await world.pass(30 * minute);
    assert.deepEqual(
      world.machines.map(({ name }) => boots(name)),
      [2, 2, 2, 2],
    );
    assert.ok(!world.logs.some((line) => line.includes("the cycle failed")));
  }
});
