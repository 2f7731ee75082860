import assert from "node:assert/strict";
import type { Api, CallOptions } from "../../daemon/cluster/api.ts";
import type { Node, Pod } from "../../daemon/cluster/objects.ts";
import {
  type ControlPlaneMembers,
  createMembers,
  createStaticPods,
  type StaticPods,
} from "../../daemon/lock/control-plane.ts";
import { node, type PodFacts, pod } from "../drain/builders.ts";
import { everyRow } from "../rows.ts";
import { elapsedClock } from "./elapsed-clock.ts";

const minute = 60_000;
const { signal } = new AbortController();
const others = ["cp2", "cp3"];
const mirror = { annotations: { "kubernetes.io/config.mirror": "x" }, priority: "system-node-critical" };

let now: number;
let asked: unknown[];
let pods: Record<string, Pod[]>;
let staticPods: StaticPods;

function breakEtcd(node: string, facts: PodFacts = {}): void {
  pods[node] = [pod({ name: `etcd-${node}`, ...mirror, ready: false, ...facts })];
}

describe("The static pods of other control-plane nodes", () => {
  function start(): void {
    now = 0;
    asked = [];
    pods = {};
    const list = async (_: string, { query }: CallOptions) => {
      asked.push(query?.["fieldSelector"]);
      return { metadata: {}, items: pods[`${query?.["fieldSelector"]}`.replace("spec.nodeName=", "")] ?? [] };
    };
    staticPods = createStaticPods({
      api: { list } as unknown as Api,
      clock: elapsedClock(() => now),
      recheckMs: minute,
    });
  }
  beforeEach(start);

  it("are read with one list for each node", async () => {
    breakEtcd("cp3");
    assert.deepEqual(await staticPods.now(others, signal), ["shop/etcd-cp3"]);
    assert.deepEqual(asked, ["spec.nodeName=cp2", "spec.nodeName=cp3"]);
  });

  const rows: [what: string, pod: PodFacts, isDown: boolean][] = [
    ["Ready", { ready: true }, false],
    ["not Ready", {}, true],
    ["not Ready, in the class that RKE2 gives them", { priority: "system-cluster-critical" }, true],
    ["not Ready, in a class of somebody's own", { priority: "high" }, false],
    ["not Ready, but no static pod", { annotations: {} }, false],
    ["Failed", { phase: "Failed" }, true],
    ["through with their work", { phase: "Succeeded" }, false],
  ];
  it("are down if they are critical and neither Ready nor completed", () =>
    everyRow(rows, async (facts, isDown) => {
      start();
      breakEtcd("cp2", facts);
      assert.equal((await staticPods.now(others, signal)).length, isDown ? 1 : 0);
    }));

  it("are looked at only when it is this node's turn, once for both the turn and the entry", async () => {
    breakEtcd("cp2");
    assert.equal(await staticPods.enough(others, false, signal), undefined);
    assert.deepEqual(asked, []);
    pods = {};
    assert.deepEqual(await staticPods.enough(others, true, signal), []);
    now += 4000;
    assert.deepEqual(await staticPods.now(others, signal), []);
    assert.equal(asked.length, 2);
    now += 2000;
    breakEtcd("cp2");
    assert.deepEqual(await staticPods.now(others, signal), ["shop/etcd-cp2"]);
  });

  it("count as down for a minute per node; then, or with another node, they are looked at again", async () => {
    breakEtcd("cp2");
    await staticPods.enough(others, true, signal);
    pods = {};
    now += 2 * minute - 1;
    assert.deepEqual(await staticPods.enough(others, true, signal), ["shop/etcd-cp2"]);
    assert.deepEqual(await staticPods.enough(others, false, signal), ["shop/etcd-cp2"]);
    assert.equal(asked.length, 2);
    now += 1;
    assert.deepEqual(await staticPods.enough(others, false, signal), []);
    assert.equal(asked.length, 4);

    start();
    assert.deepEqual(await staticPods.now(["cp2"], signal), []);
    breakEtcd("cp3");
    assert.deepEqual(await staticPods.now(others, signal), ["shop/etcd-cp3"]);
  });
});

describe("The members of the control plane", () => {
  let elapsed: number;
  let asked: string[];
  let members: Node[];
  let ask: ControlPlaneMembers;

  const controlPlane = "node-role.kubernetes.io/control-plane";

  beforeEach(() => {
    elapsed = 0;
    asked = [];
    members = [node({ name: "cp1" })];
    const list = async (_: string, { query }: CallOptions) => {
      const label = String(query?.["labelSelector"]);
      asked.push(label);
      return { metadata: {}, items: label === controlPlane ? members : [] };
    };
    const clock = elapsedClock(() => elapsed);
    ask = createMembers({ api: { list } as unknown as Api, clock });
  });

  it("are read once in 5 s, with one list for each label", async () => {
    const { names, notReady } = await ask.now(signal);
    assert.deepEqual([names, notReady], [["cp1"], []]);
    members = [node({ name: "cp1", ready: false })];
    elapsed = 4999;
    assert.deepEqual([(await ask.now(signal)).notReady, asked.length], [[], 4]);
    elapsed = 5000;
    assert.deepEqual([(await ask.now(signal)).notReady, asked.length], [["cp1"], 8]);
  });

  it("are read by a waiting node with the labels that Nodes have, and once an hour with all labels", async () => {
    await ask.known(signal);
    elapsed = 5000;
    await ask.known(signal);
    assert.deepEqual(asked.slice(4), [controlPlane]);
    elapsed = 9999;
    await ask.known(signal);
    assert.equal(asked.length, 5);
    elapsed = 3_600_000;
    await ask.known(signal);
    assert.equal(asked.length, 9);
  });
});
