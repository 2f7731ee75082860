import assert from "node:assert/strict";
import { createAlertmanager, type StoredSilence } from "../silence/alertmanager.ts";
import { minutes, nodeObject, startedAt } from "./builders.ts";
import { type SilencedWorld, watchSilences } from "./silenced-in-cycle.ts";

const about = (value: string, isRegex = false) => [{ name: "node", value, isRegex, isEqual: true }];

/** n1 is in this phase, and its daemon asks Alertmanager. */
function createScene(phase: string, facts: Partial<SilencedWorld> = {}) {
  let now = startedAt;
  const said: string[] = [];
  const alertmanager = createAlertmanager(() => now);
  const watch = watchSilences(alertmanager, {
    now: () => now,
    nodes: () => ["n1", "n2"],
    stored: () => nodeObject("n1", { record: { phase } }),
    daemonsOf: () => 1,
    runningSince: () => startedAt,
    isUndisturbed: () => true,
    violate: (promise) => said.push(promise),
    ...facts,
  });
  return {
    alertmanager,
    async save(lengthMs: number, changes: Partial<StoredSilence> = {}): Promise<void> {
      watch.asks("n1");
      const times = { startsAt: new Date(now).toISOString(), endsAt: new Date(now + lengthMs).toISOString() };
      const silence = { ...times, createdBy: "rebootd", comment: "", matchers: about("n1"), ...changes };
      const url = "http://alertmanager/api/v2/silences";
      await alertmanager.post(url, JSON.stringify(silence), AbortSignal.timeout(1000));
    },
    says(afterMs = 0): string[] {
      for (const end = now + afterMs; now < end; now += 10_000) watch.tick();
      return [...new Set(said)];
    },
  };
}

describe("The promise about silences", () => {
  it("holds for one that is about its node, and ends", async () => {
    const { save, says } = createScene("Draining");
    await save(minutes(25));
    assert.deepEqual(says(minutes(30)), []);
  });

  it("is broken by one that another node's alerts match", async () => {
    for (const matchers of [about("n2"), about("n1.*", true), about("n.*", true)]) {
      const { save, says } = createScene("Draining");
      await save(minutes(25), { matchers });
      assert.deepEqual(says(), ["a silence is about one node"]);
    }
  });

  it("is broken by one that lasts longer than 4 hours and the tail", async () => {
    const { save, says } = createScene("Draining");
    await save(minutes(4 * 60 + 6));
    assert.deepEqual(says(), ["a silence lasts 4 hours at most"]);
  });

  it("is broken by a second one, unless the node has two daemons", async () => {
    for (const daemons of [1, 2]) {
      const { save, says } = createScene("Draining", { daemonsOf: () => daemons });
      await save(minutes(25));
      await save(minutes(25));
      assert.deepEqual(says(), daemons === 1 ? ["a node has one silence"] : []);
    }
  });

  it("is broken by a change of a person's", async () => {
    const { alertmanager, save, says } = createScene("Draining");
    const { id } = alertmanager.create({ matchers: about("n1"), startsAt: startedAt });
    await save(minutes(5), { id });
    assert.deepEqual(says(), ["silences of people are left alone"]);
  });

  it("is broken by one that outlasts its cycle, unless Alertmanager or the daemon was away", async () => {
    const rows: [phase: string, facts: Partial<SilencedWorld>, isBroken: boolean][] = [
      ["Idle", {}, true],
      ["Failed", {}, true],
      ["Returning", {}, false],
      ["Idle", { isUndisturbed: () => false }, false],
      ["Idle", { runningSince: () => Number.POSITIVE_INFINITY }, false],
    ];
    for (const [phase, facts, isBroken] of rows) {
      const { save, says } = createScene(phase, facts);
      await save(minutes(25));
      assert.deepEqual(says(minutes(20)), isBroken ? ["a silence ends with its cycle"] : [], phase);
    }
    const { alertmanager, save, says } = createScene("Idle");
    await save(minutes(25));
    alertmanager.fault = "down";
    assert.deepEqual(says(minutes(20)), []);
  });
});
