import assert from "node:assert/strict";
import { podStartAnnotation } from "../kubernetes/machines/pods.ts";
import { isFromDaemon, type SmallWorld, startSmallWorld } from "./small-world.ts";

const minute = 60_000;
const etcd = (node: string) => `/api/v1/namespaces/kube-system/pods/etcd-${node}`;

let world: SmallWorld;

/** All nodes are of the control plane, by one label or another, and each has an etcd and a kube-apiserver as static pods. */
async function startControlPlane(labels: readonly string[], options = {}): Promise<void> {
  const kubelet = { staticPods: ["etcd", "kube-apiserver"] };
  world = await startSmallWorld({ nodes: labels.length, kubelet, options });
  for (const [index, label] of labels.entries()) {
    const patch = { metadata: { labels: { [`node-role.kubernetes.io/${label}`]: "" } } };
    await world.api.patch(`/api/v1/nodes/n${index + 1}`, patch, { signal: world.signal });
  }
  await world.pass(5000);
  assert.equal(membersReady(), labels.length);
}

const kubeadm = ["control-plane", "control-plane", "control-plane"];

/** How the node's etcd starts from its next boot on, or at once where its mirror is made anew. */
async function setEtcdStart(node: string, start: "never" | null): Promise<void> {
  const patch = { metadata: { annotations: { [podStartAnnotation]: start } } };
  await world.api.patch(etcd(node), patch, { signal: world.signal });
}

/** Its etcd does not get Ready after a power failure; its kubelet does. */
async function breakEtcd(node: string): Promise<void> {
  await setEtcdStart(node, "never");
  world.node(node).losesPower();
  await world.pass(2 * minute);
  assert.equal(membersReady(), world.machines.length - 1);
}

async function mendEtcd(node: string): Promise<void> {
  await setEtcdStart(node, null);
  await world.api.delete(etcd(node), {}, { signal: world.signal });
}

/** Members of etcd that could take part in a vote. */
function membersReady(): number {
  interface Stored {
    status?: { conditions?: { type: string; status: string }[] };
  }
  return world.machines.filter(({ name, isUp }) => {
    const pod = world.server.stored("pods", `kube-system/etcd-${name}`) as Stored | undefined;
    return isUp && pod?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
  }).length;
}

const boots = () => world.machines.map((machine) => machine.boots.length);

/** Lets time pass, second by second; answers how few members of etcd there were. */
async function fewestWithin(ms: number, each: () => void = () => {}): Promise<number> {
  let fewest = membersReady();
  for (let passed = 0; passed < ms; passed += 1000) {
    await world.pass(1000);
    each();
    fewest = Math.min(fewest, membersReady());
  }
  return fewest;
}

const says = (text: string) => world.logs.some((line) => line.includes(text));
const notWhole = "critical static pods of the control plane are not Ready: kube-system/etcd-n1";

describe("Three nodes of the control plane, with etcd as a static pod", () => {
  afterEach(() => world.stop());

  for (const [what, labels] of [
    ["", kubeadm],
    [", where they have the label of etcd alone, as RKE2 and Rancher make them", ["etcd", "etcd", "etcd"]],
  ] as const) {
    it(`reboot one after the other, and never fewer than two members are Ready${what}`, async () => {
      await startControlPlane(labels, { concurrency: "3" });
      for (const machine of world.machines) machine.wantReboot();
      assert.equal(await fewestWithin(20 * minute), 2);
      assert.deepEqual(boots(), [2, 2, 2]);
    });
  }

  it("keep their majority beside one whose etcd has not come back after its reboot", async () => {
    await startControlPlane(kubeadm);
    await setEtcdStart("n1", "never");
    world.node("n1").wantsReboot();
    const wantNext = () => world.machine("n1").boots.length === 2 && world.node("n2").wantsReboot();
    assert.equal(await fewestWithin(30 * minute, wantNext), 2);
    assert.deepEqual(boots(), [2, 1, 1]);
    const { phases, cordoned } = await world.look();
    assert.deepEqual([phases["n1"], phases["n2"], cordoned], ["Returning", "Waiting", ["n1"]]);
    assert.ok(says("waiting for pods of this node to be Ready: kube-system/etcd-n1 for longer than"));
    await mendEtcd("n1");
    assert.equal(await fewestWithin(5 * minute), 2);
    assert.deepEqual(boots(), [2, 2, 1]);
  });

  for (const [what, labels] of [
    ["by the label of kubeadm", kubeadm],
    ["by the labels of RKE", ["etcd", "controlplane", "controlplane"]],
    ["by the old label and the new one", ["master", "control-plane", "control-plane"]],
  ] as const) {
    it(`keep their majority beside one whose etcd was broken before anybody reboots, ${what}`, async () => {
      await startControlPlane(labels);
      await breakEtcd("n1");
      world.node("n2").wantsReboot();
      assert.equal(await fewestWithin(20 * minute), 2);
      assert.deepEqual(boots(), [2, 1, 1]);
      assert.ok(says(notWhole));
      await mendEtcd("n1");
      assert.equal(await fewestWithin(10 * minute), 2);
      assert.deepEqual(boots(), [2, 2, 1]);
    });
  }

  it("lets the one with the broken etcd reboot itself", async () => {
    await startControlPlane(kubeadm);
    await breakEtcd("n1");
    await setEtcdStart("n1", null);
    world.node("n1").wantsReboot();
    assert.equal(await fewestWithin(10 * minute), 2);
    assert.deepEqual(boots(), [3, 1, 1]);
    assert.equal(membersReady(), 3);
  });

  it("keep it when an etcd breaks while another node is drained: that waits for it before it reboots", async () => {
    await startControlPlane(kubeadm, { "reboot-delay": "3m" });
    world.node("n2").wantsReboot();
    await world.pass(10_000);
    assert.equal((await world.look()).phases["n2"], "Draining");
    await breakEtcd("n1");
    assert.equal(await fewestWithin(10 * minute), 2);
    assert.deepEqual(boots(), [2, 1, 1]);
    assert.ok(says(`drained, but ${notWhole}`));
    await mendEtcd("n1");
    assert.equal(await fewestWithin(5 * minute), 2);
    assert.deepEqual(boots(), [2, 2, 1]);
  });

  it("do not start where it cannot be read whether the others have their etcd", async () => {
    await startControlPlane(kubeadm);
    const match = { verb: "list", resource: "pods", where: isFromDaemon };
    const refusal = { code: 403, reason: "Forbidden", message: "pods are forbidden" };
    const fault = world.server.faults.add({ match, effect: { refusal } });
    world.node("n2").wantsReboot();
    await world.pass(10 * minute);
    assert.deepEqual(boots(), [1, 1, 1]);
    assert.ok(says("cannot tell the state of the other nodes: ") && says("pods are forbidden"));
    fault.remove();
    await world.pass(5 * minute);
    assert.deepEqual(boots(), [1, 2, 1]);
  });

  it("asks for few things while one is broken", async () => {
    await startControlPlane(kubeadm);
    await breakEtcd("n1");
    world.node("n2").wantsReboot();
    await world.pass(10 * minute);
    const asked: string[] = [];
    world.onDaemonRequest = (node, { method, path }) => {
      if (node === "n2" && !path.includes("watch=true")) asked.push(`${method} ${path}`);
    };
    await world.pass(60 * minute);
    // The lock and the four labels each minute, a list of pods for each other node every other minute.
    assert.ok(asked.length > 0 && asked.length <= 61 * 6, `${asked.length} requests in an hour`);
  });
});

describe("A cluster of one node, whose API server goes down with it", () => {
  afterEach(() => world.stop());

  const rows: [what: string, goesEarlyMs: number | undefined, backAfterMs: number][] = [
    ["with the machine, and comes back with it", undefined, 3000],
    ["with the machine, and comes back minutes after the daemon", undefined, 4 * minute],
    ["a while before the machine, as containers end in no order", 1000, 40_000],
  ];
  for (const [what, goesEarlyMs, backAfterMs] of rows) {
    it(`reboots once and is given back, where that goes ${what}`, async () => {
      await startControlPlane(["control-plane"]);
      const { timers } = world.time;
      const n1 = world.machine("n1");
      n1.behaviour.shutdownMs = 20_000;
      world.onMachineEvent = ({ type }) => {
        if (type === "down") world.server.setAway(true);
        if (type === "booted") timers.setTimeout(() => world.server.setAway(false), backAfterMs);
      };
      if (goesEarlyMs !== undefined) {
        world.server.onChange("nodes", ({ object }) => {
          const isAsked = object.metadata.annotations?.["rebootd.dev/cycle"]?.includes('"phase":"Rebooting"');
          const goes = () => n1.boots.length === 1 && world.server.setAway(true);
          if (isAsked) timers.setTimeout(goes, goesEarlyMs);
        });
      }
      n1.wantReboot();
      await world.pass(15 * minute);
      assert.deepEqual(boots(), [2]);
      assert.deepEqual(await world.look(), { phases: { n1: "Idle" }, cordoned: [], lock: undefined });
      assert.equal(membersReady(), 1);
    });
  }
});
