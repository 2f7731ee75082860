import assert from "node:assert/strict";
import { isReady } from "../../daemon/cluster/nodes.ts";
import type { Pod } from "../../daemon/cluster/objects.ts";
import type { RawOptions } from "../../daemon/config/settings.ts";
import { createWorkload } from "../kubernetes/workloads.ts";
import { daemonUser } from "../world/manifests.ts";
import { isFromDaemon, slowCluster } from "./small-world.ts";
import { createStory, minute, pods } from "./story.ts";

const story = createStory();
const {
  addBudget,
  addDaemonSet,
  addPod,
  asSlotIsTaken,
  boots,
  evictions,
  isRebooted,
  look,
  pass,
  phase,
  podsOn,
  reasons,
  saysOf,
  setLock,
  start,
  until,
  wantReboot,
} = story;

const budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
const emptyDir = { volumes: [{ name: "scratch", emptyDir: {} }] };
/** No node has it. */
const unschedulable = { nodeName: undefined, nodeSelector: { "test/disk": "none" } };

const isDraining = async () => (await phase()) === "Draining";
const dropBudget = (name: string) =>
  story.world.api.delete(`${budgets}/${name}`, {}, { signal: story.world.signal });

/** Requests of the daemon for this, in order. */
const asked = (resource: string) =>
  story.world.server.ledger.entries({ user: daemonUser.name, verb: "list", resource });

async function untouched(): Promise<void> {
  const { cordoned, lock } = await look();
  assert.deepEqual([await phase(), boots(), cordoned, lock], ["Waiting", 1, [], undefined]);
  assert.deepEqual(evictions(), []);
}

describe("A node whose drain could not succeed", () => {
  afterEach(story.stop);

  const blocked: [what: string, options: RawOptions, put: () => Promise<void>, says: RegExp][] = [
    [
      "for a budget that never lets a pod go",
      {},
      async () => {
        await addPod("db");
        await addBudget("db");
      },
      /^disruption \(budget-never\): the drain could not succeed: default\/db: PodDisruptionBudget default\/db allows no disruptions \(maxUnavailable 0\); raise maxUnavailable/,
    ],
    [
      "for a budget that has none to give as things are",
      {},
      async () => {
        await addPod("web-0", { app: "web" });
        await addPod("web-1", { app: "web", spec: unschedulable });
        await addBudget("web", "web", { minAvailable: 1 });
        await pass(6 * minute);
      },
      /^disruption \(budget-exhausted\): .* default\/web-0: PodDisruptionBudget default\/web needs 1 healthy pod and has 1; it allows a disruption once it has 2/,
    ],
    [
      "for a pod with two budgets",
      {},
      async () => {
        await addPod("db");
        for (const name of ["first", "second"]) await addBudget("db", name, { minAvailable: 0 });
      },
      /^disruption \(budgets-several\): .* default\/db: is selected by PodDisruptionBudgets default\/first and default\/second/,
    ],
    [
      "for a pod that nothing would make anew, where that counts",
      { "drain-force": "false" },
      () => addPod("naked"),
      /^disruption \(no-controller\): .* default\/naked: is not managed by a controller and will not be recreated/,
    ],
    [
      "for local data, where that counts, and all else that is in the way",
      { "drain-force": "false", "delete-emptydir-data": "false" },
      async () => {
        await addPod("db", { spec: emptyDir });
        await addBudget("db");
      },
      /^disruption \(local-data\): .* default\/db: has local data .*, and is not managed by a controller .*, and PodDisruptionBudget default\/db allows/,
    ],
    [
      "for budgets, also where a pod that nothing makes anew is deleted in the end",
      { "drain-escalation": "evict:5m,delete:1m", "drain-force": "false" },
      () => addPod("naked"),
      /^disruption \(no-controller\): /,
    ],
    [
      "for many pods, of which five are named",
      { "drain-force": "false" },
      async () => {
        for (let number = 1; number <= 7; number += 1) await addPod(`p${number}`);
      },
      /default\/p5: is not managed by a controller and will not be recreated \(--drain-force\); and 2 more$/,
    ],
  ];
  for (const [what, options, put, says] of blocked) {
    it(`does not start: ${what}`, async () => {
      await start(options);
      await put();
      await wantReboot();
      await pass(5 * minute);
      await untouched();
      const [reason = "", ...more] = await reasons();
      assert.match(reason, says);
      assert.deepEqual(more, []);
    });
  }

  const open: [what: string, options: RawOptions, put: () => Promise<void>][] = [
    ["for budgets that let pods go one by one", {}, () => addWeb()],
    ["for pods that go, though they lose something", {}, () => addPod("naked", { spec: emptyDir })],
    [
      "for pods that are deleted past their budgets in the end",
      { "drain-escalation": "evict:5m,delete:1m" },
      () => addDb(),
    ],
    ["for pods that are deleted at once", { "disable-eviction": "true" }, () => addDb()],
    ["for what goes down with the machine", { "force-reboot": "true" }, () => addDb()],
    ["for pods of a namespace that is left out", { "drain-skip-namespace": ["default"] }, () => addDb()],
    ["for pods that are not asked for", { "drain-pod-selector": "app=web" }, () => addDb()],
    [
      "for a budget that is not worked out yet",
      {},
      async () => {
        const match = { resource: "poddisruptionbudgets", subresource: "status" };
        story.world.server.faults.add({ match, effect: { status: 500 } });
        await addPod("db");
        await addBudget("db", "db", { minAvailable: 0 });
      },
    ],
    ["where nobody is to look", { preflight: "off" }, () => addDb()],
  ];
  for (const [what, options, put] of open) {
    it(`starts all the same: ${what}`, async () => {
      await start(options);
      await put();
      await wantReboot();
      await until("it drains", isDraining, 10_000);
    });
  }

  async function addDb(): Promise<void> {
    await addPod("db");
    await addBudget("db");
  }

  async function addWeb(): Promise<void> {
    for (const name of ["web-0", "web-1", "web-2"]) await addPod(name, { app: "web" });
    await addBudget("web", "web", { minAvailable: 2 });
    await pass(3000);
  }

  it("starts while a budget that ran out a moment ago fills up again, and waits for it in the drain", async () => {
    await start({}, { nodes: 2 });
    await addPod("web-0", { app: "web" });
    await addPod("web-1", { app: "web", spec: unschedulable });
    await addBudget("web", "web", { minAvailable: 1 });
    await wantReboot();
    await until("n1 is being drained", isDraining, 10_000);
    await pass(2 * minute);
    assert.equal(boots(), 1);
    await addPod("web-2", { app: "web", on: "n2" });
    await until("n1 has rebooted", isRebooted, minute);
  });

  it("costs a roll no time where pods take long to start and budgets are tight", async () => {
    const lastsSeconds = async (preflight: string) => {
      const workloads = ["a", "b", "c"].map((name) => ({ name, replicas: 4, budget: { maxUnavailable: 1 } }));
      await start({ preflight }, { nodes: 6, workloads, kubelet: { podStartMs: minute } });
      await pass(2 * minute);
      const began = story.world.time.clock.wall();
      for (const machine of story.world.machines) machine.wantReboot();
      const areAll = async () => story.world.machines.every((machine) => machine.boots.length === 2);
      await until("all have rebooted", areAll);
      await story.stop();
      return (story.world.time.clock.wall() - began) / 1000;
    };
    const [asked, unasked] = [await lastsSeconds("on"), await lastsSeconds("off")];
    assert.ok(asked <= 1.1 * unasked, `${asked} s beside ${unasked} s`);
    assert.ok(unasked > 180, `${unasked} s: the budgets were no obstacle`);
  });

  it("starts once the budget has gone", async () => {
    await start();
    await addDb();
    await wantReboot();
    await pass(20_000);
    await untouched();
    await dropBudget("db");
    await until("n1 has rebooted", isRebooted, 2 * minute);
  });

  it("looks at its turn, not when it begins to wait", async () => {
    await start();
    await setLock('{"nodeID":"manual"}');
    await wantReboot();
    await pass(10 * minute);
    assert.deepEqual(asked("pods"), []);
    await addDb();
    await pass(3000);
    await setLock(null);
    await pass(minute);
    assert.match((await reasons())[0] ?? "", /^disruption \(budget-never\): /);
    await untouched();
  });

  it("gives the slot back when a budget fills up between a slot that takes long and the cordon", async () => {
    await start();
    await addPod("db");
    await pass(3000);
    const match = { verb: "patch", resource: "leases", where: isFromDaemon };
    story.world.server.faults.add({ match, times: 1, effect: { latencyMs: 1500 } });
    const lockWrites = asSlotIsTaken(() => void addBudget("db"));
    await wantReboot();
    await pass(10_000);
    assert.equal(lockWrites(), 2, "the slot was taken and given back");
    assert.match((await reasons())[0] ?? "", /^disruption \(budget-never\): /);
    await untouched();
  });
});

describe("A drain that cannot end, as what is evicted has nowhere to go", () => {
  afterEach(story.stop);

  const web = { name: "web", replicas: 2, budget: { minAvailable: 1 } };
  const asks = (cpu: string) => {
    return { containers: [{ name: "main", image: "app:1", resources: { requests: { cpu } } }] };
  };
  const day = 24 * 60 * minute;

  /** How often somebody has cordoned a node from now on, and for how many minutes fewer than two replicas were Ready. */
  async function follow(ms: number): Promise<{ cordons: number; minutesShort: number }> {
    const counted = { cordons: 0, minutesShort: 0 };
    const isCordoned = (one: unknown) =>
      (one as { spec?: { unschedulable?: boolean } } | undefined)?.spec?.unschedulable === true;
    story.world.server.onChange("nodes", ({ object, previous }) => {
      if (isCordoned(object) && !isCordoned(previous)) counted.cordons += 1;
    });
    for (let passed = 0; passed < ms; passed += minute) {
      await pass(minute);
      const { items } = await story.world.api.list<Pod>(pods, { signal: story.world.signal });
      if (items.filter(isReady).length < 2) counted.minutesShort += 1;
    }
    return counted;
  }

  it("is not begun: on a cluster of one node nothing is evicted in a day", async () => {
    await start({}, { ...slowCluster, workloads: [web] });
    await wantReboot();
    assert.deepEqual(await follow(day), { cordons: 0, minutesShort: 0 });
    assert.match(
      (await reasons())[0] ?? "",
      /^disruption \(budget-no-room\): the drain could not succeed: default\/web-\S+, default\/web-\S+: PodDisruptionBudget default\/web allows 1 of 2 disruptions on this node/,
    );
    await untouched();
  });

  it("is not begun where the other node has no room, and is once there is some", async () => {
    await start({}, { nodes: 2 });
    await addPod("other", { on: "n2", spec: asks("3") });
    const cordonN2 = (unschedulable: boolean) =>
      story.world.api.patch("/api/v1/nodes/n2", { spec: { unschedulable } }, { signal: story.world.signal });
    await cordonN2(true);
    await createWorkload({ api: story.world.api, signal: story.world.signal }, { ...web, spec: asks("2") });
    await pass(3000);
    await cordonN2(false);
    assert.equal((await podsOn("n1")).length, 2);
    await wantReboot();
    assert.equal((await follow(60 * minute)).cordons, 0);
    assert.match((await reasons())[0] ?? "", /no other node can take it: 1 without room for 2 cpu/);
    await story.world.api.delete(`${pods}/other`, {}, { signal: story.world.signal });
    await until("it drains", isDraining, 11 * minute);
  });

  it("is begun with --preflight=off, and takes a replica away for nothing", async () => {
    await start({ preflight: "off" }, { workloads: [web] });
    await wantReboot();
    const { cordons, minutesShort } = await follow(60 * minute);
    assert.ok(cordons > 0 && minutesShort > 10, JSON.stringify({ cordons, minutesShort }));
    assert.equal(boots(), 1);
  });
});

describe("A node that cannot tell whether its drain would succeed", () => {
  afterEach(story.stop);

  it("does not start, says why, and starts once it can tell", async () => {
    await start();
    await addPod("web");
    const refusal = { code: 403, reason: "Forbidden", message: "budgets are forbidden" };
    const match = { verb: "list", resource: "poddisruptionbudgets", where: isFromDaemon };
    story.world.server.faults.add({ match, times: 1, effect: { refusal } });
    await wantReboot();
    await pass(20_000);
    await untouched();
    assert.match(
      (await reasons())[0] ?? "",
      /^disruption \(cannot-tell\): cannot tell: .*budgets are forbidden/,
    );
    await until("n1 has rebooted", isRebooted, 2 * minute);
  });

  it("does not wait for an answer that does not come", async () => {
    await start();
    await addPod("web");
    const match = { verb: "list", resource: "poddisruptionbudgets", where: isFromDaemon };
    story.world.server.faults.add({ match, effect: "hang" });
    await wantReboot();
    await pass(20_000);
    assert.match((await reasons())[0] ?? "", /^disruption \(no-answer\): /);
    await untouched();
  });
});

describe("A drain that has begun", () => {
  afterEach(story.stop);

  it("is not judged any more: it fails or succeeds by itself", async () => {
    await start({ "drain-delay": "10s", "drain-timeout": "1m" });
    await addPod("db");
    await wantReboot();
    await until("it drains", isDraining);
    await addBudget("db");
    await until("it has failed", async () => (await phase()) === "Failed");
    assert.ok(saysOf("the drain timed out (--drain-timeout); 1 pod remains: default/db"));
  });

  it("was judged once, a moment before it, and not before the reboot", async () => {
    await start({ "reboot-delay": "1m" });
    await addPod("web");
    await pass(3000);
    await wantReboot();
    await until("it drains", isDraining);
    assert.equal(asked("poddisruptionbudgets").length, 1);
    await until("n1 has rebooted", isRebooted);
    assert.equal(asked("poddisruptionbudgets").length, 1);
  });
});

describe("The look at what would hold a drain up", () => {
  afterEach(story.stop);

  it("costs a node that stays blocked a few requests in ten minutes, none of which is for all pods or Nodes", async () => {
    await start();
    await addDaemonSet("agent");
    await addPod("db");
    await addBudget("db");
    await wantReboot();
    await pass(60 * minute);
    const requests: string[] = [];
    story.world.onDaemonRequest = (_, { method, path }) =>
      void requests.push(`${method} ${decodeURIComponent(path)}`);
    const hours = 12;
    await pass(hours * 60 * minute);
    const own = requests.filter((request) => !request.includes("watch=true"));
    assert.ok(own.length <= hours * (3 * 7 + 3), `${own.length / hours} requests an hour`);
    // Every twenty minutes one look, the lock twice with it, and the budgets that are watched; every hour how many Nodes there are, and the own one.
    assert.deepEqual([...new Set(own)].sort(), [
      "GET /api/v1/nodes/n1",
      "GET /api/v1/nodes?limit=1",
      "GET /api/v1/pods?fieldSelector=spec.nodeName=n1&limit=250",
      "GET /apis/apps/v1/namespaces/default/daemonsets/agent",
      "GET /apis/coordination.k8s.io/v1/namespaces/kube-system/leases/rebootd",
      "GET /apis/policy/v1/namespaces/default/poddisruptionbudgets?limit=250",
    ]);
    await untouched();
  });
});
