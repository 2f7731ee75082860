import assert from "node:assert/strict";
import type { Api } from "../../daemon/cluster/api.ts";
import type { Budget, List, Pod } from "../../daemon/cluster/objects.ts";
import { createNodePods } from "../../daemon/cluster/pods.ts";
import { disruptionGate } from "../../daemon/gates/disruption.ts";
import { createVirtualTime } from "../kubernetes/virtual-time.ts";
import { seeded } from "../simulation/seeded.ts";
import { context } from "./builders.ts";

const { signal } = new AbortController();

/** A pod of each namespace, with local data where it is said, and a budget over it that never lets one of so many go. */
async function answerFor(
  facts: { namespaces?: string[]; pods?: number; localData?: true },
  random: () => number,
) {
  const { namespaces = ["shop"], pods = 1, localData } = facts;
  const listOf = <T>(items: T[]): List<T> => {
    return { metadata: { resourceVersion: "1", continue: undefined, remainingItemCount: undefined }, items };
  };
  const podIn = (namespace: string): Pod => ({
    metadata: { name: "web", namespace, uid: namespace, labels: { app: "web" } },
    spec: { containers: [], ...(localData && { volumes: [{ name: "scratch", emptyDir: {} }] }) },
    status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
  });
  const budgetIn = (namespace: string): Budget => ({
    metadata: { name: "web", namespace },
    spec: { maxUnavailable: 0, selector: { matchLabels: { app: "web" } } },
    status: { expectedPods: pods, currentHealthy: pods, desiredHealthy: pods, disruptionsAllowed: 0 },
  });
  const list = async (path: string) => {
    const [, namespace] = /namespaces\/(.+)\/poddisruptionbudgets/.exec(path) ?? [];
    return listOf<object>(namespace === undefined ? namespaces.map(podIn) : [budgetIn(namespace)]);
  };
  const { clock } = createVirtualTime(0);
  const api = { list } as unknown as Api;
  const looks = { api, listPods: createNodePods(api, clock, "n1"), daemonSetExists: async () => true };
  const ports = { ...looks, clock, random, looked() {}, say() {} };
  const selection = { force: true, deleteEmptyDirData: localData === undefined, skipNamespaces: [] };
  const escalation = { drainTimeoutMs: 900_000, drainDeleteAfterMs: Number.POSITIVE_INFINITY };
  const drain = { selection, podSelector: undefined, escalation } as unknown as Parameters<
    typeof disruptionGate
  >[2];
  const answer = await disruptionGate(ports, "n1", drain).check(context(0), signal);
  assert.ok(!answer.open);
  return answer;
}

const rows: [what: string, facts: Parameters<typeof answerFor>[0], isWatched: boolean][] = [
  ["by a budget", {}, true],
  ["by budgets of two namespaces", { namespaces: ["a", "b"] }, true],
  ["by budgets of three namespaces", { namespaces: ["a", "b", "c"] }, false],
  ["by a budget and by data that may not be lost", { localData: true }, false],
];

describe("A disruption gate that is closed", () => {
  for (const [what, facts, isWatched] of rows) {
    it(`${what} is ${isWatched ? "watched" : "asked by time"}`, async () => {
      assert.equal((await answerFor(facts, () => 0.5)).watch !== undefined, isWatched);
    });
  }

  it("by a budget of 5,000 pods, each on a node of its own, is watched by about one node in a hundred", async () => {
    const random = seeded(7);
    let watched = 0;
    for (let node = 0; node < 1000; node += 1) {
      const { watch } = await answerFor({ pods: 5000 }, random);
      if (watch === undefined) continue;
      watched += 1;
      assert.equal(watch.nodesMost, 50);
    }
    assert.ok(watched >= 3 && watched <= 25, `${watched} of 1,000 nodes`);
  });
});
