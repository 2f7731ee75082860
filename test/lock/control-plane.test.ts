import assert from "node:assert/strict";
import type { Api, CallOptions } from "../../daemon/cluster/api.ts";
import type { Pod } from "../../daemon/cluster/objects.ts";
import { createMembers, createStaticPods, type StaticPods } from "../../daemon/lock/control-plane.ts";
import { node, type PodFacts, pod } from "../drain/builders.ts";

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
  beforeEach(() => {
    now = 0;
    asked = [];
    pods = {};
    const list = async (_: string, { query }: CallOptions) => {
      asked.push(query?.["fieldSelector"]);
      return { metadata: {}, items: pods[`${query?.["fieldSelector"]}`.replace("spec.nodeName=", "")] ?? [] };
    };
    staticPods = createStaticPods({
      api: { list } as unknown as Api,
      clock: {
        wall: () => assert.fail("by no clock that may be set"),
        elapsed: () => now,
        sleep: () => assert.fail("nobody waits"),
      },
      recheckMs: minute,
    });
  });

  it("are asked for with one list for each node", async () => {
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
  for (const [what, facts, isDown] of rows) {
    it(`are ${isDown ? "down" : "not down"} where they are ${what}`, async () => {
      breakEtcd("cp2", facts);
      assert.equal((await staticPods.now(others, signal)).length, isDown ? 1 : 0);
    });
  }

  it("are not looked at before it is this node's turn", async () => {
    breakEtcd("cp2");
    assert.equal(await staticPods.enough(others, false, signal), undefined);
    assert.deepEqual(asked, []);
  });

  it("are looked at when it is, once for the turn and the entry", async () => {
    assert.deepEqual(await staticPods.enough(others, true, signal), []);
    now += 4000;
    assert.deepEqual(await staticPods.now(others, signal), []);
    assert.equal(asked.length, 2);
    now += 2000;
    breakEtcd("cp2");
    assert.deepEqual(await staticPods.now(others, signal), ["shop/etcd-cp2"]);
  });

  it("stay down for a minute for each node, turn or not; then they are looked at anew, turn or not", async () => {
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
  });

  it("are looked at anew where there is a node that was not looked at", async () => {
    assert.deepEqual(await staticPods.now(["cp2"], signal), []);
    breakEtcd("cp3");
    assert.deepEqual(await staticPods.now(others, signal), ["shop/etcd-cp3"]);
  });
});

describe("The members of the control plane", () => {
  it("are asked for once in 5 s, with one list for each label", async () => {
    let lists = 0;
    let members = [node({ name: "cp1" })];
    const list = async (_: string, { query }: CallOptions) => {
      lists += 1;
      const isFirst = query?.["labelSelector"] === "node-role.kubernetes.io/control-plane";
      return { metadata: {}, items: isFirst ? members : [] };
    };
    let elapsed = 0;
    const clock = { wall: () => 0, elapsed: () => elapsed, sleep: () => assert.fail("nobody waits") };
    const ask = createMembers({ api: { list } as unknown as Api, clock });
    assert.deepEqual(await ask(signal), { names: ["cp1"], notReady: [] });
    members = [node({ name: "cp1", ready: false })];
    elapsed = 4999;
    assert.deepEqual([(await ask(signal)).notReady, lists], [[], 4]);
    elapsed = 5000;
    assert.deepEqual([(await ask(signal)).notReady, lists], [["cp1"], 8]);
  });
});
