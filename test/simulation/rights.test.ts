import assert from "node:assert/strict";
import { createVolume, usesClaim } from "../kubernetes/volumes.ts";
import { createWorkload } from "../kubernetes/workloads.ts";
import { daemonUser, type PolicyRule, readManifests } from "../world/manifests.ts";
import { type SmallWorld, startSmallWorld } from "./small-world.ts";

/**
 * "verb group/resource", with the name where the rule has one: all that the manifests grant but what the policies ask for, which is no
 * resource of the API; record-guard.test.ts has that.
 */
function granted(): string[] {
  const rules = readManifests()
    .flatMap((object) => ("rules" in object ? (object.rules as PolicyRule[]) : []))
    .filter(({ apiGroups }) => !apiGroups.includes("rebootd.dev"));
  const rights = rules.flatMap(({ apiGroups, resources, resourceNames = [""], verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        resourceNames.flatMap((name) => verbs.map((verb) => `${verb} ${group}/${resource} ${name}`.trim())),
      ),
    ),
  );
  return rights.sort();
}

/** A roll that has everything in it: DaemonSet pods, a volume, a blocking pod, a node that waits for its turn. */
async function rollWithEverything(): Promise<SmallWorld> {
  const world = await startSmallWorld({
    nodes: 2,
    workloads: [{ name: "web", replicas: 4, budget: { maxUnavailable: 1 } }],
    options: { "blocking-pod-selector": ["app=migration"] },
  });
  const template = {
    metadata: { labels: { app: "agent" } },
    spec: { containers: [{ name: "main", image: "agent:1" }] },
  };
  const daemonSet = {
    metadata: { name: "agent" },
    spec: { selector: { matchLabels: { app: "agent" } }, template },
  };
  await world.api.create("/apis/apps/v1/namespaces/default/daemonsets", daemonSet, {
    signal: world.signal,
  });
  const { api, signal } = world;
  await createVolume({ api, signal }, { name: "data" });
  await createWorkload({ api, signal }, { name: "db", replicas: 1, spec: usesClaim("data") });
  await world.pass(5000);
  for (const machine of world.machines) machine.wantReboot();
  await world.pass(5 * 60_000);
  assert.deepEqual(
    world.machines.map(({ boots }) => boots.length),
    [2, 2],
  );
  return world;
}

describe("The rights in the manifests", () => {
  let world: SmallWorld;
  before(async () => {
    world = await rollWithEverything();
  });
  after(() => world.stop());

  it("suffice: nothing is forbidden", () => {
    const { entries } = world.server.ledger;
    const refused = entries({ user: daemonUser.name }).filter(({ status }) => status === 403);
    assert.deepEqual(refused, []);
  });

  it("are all used: none is superfluous", () => {
    const named = new Set(granted().map((right) => right.split(" ")[1]));
    const used = world.server.ledger.entries({ user: daemonUser.name }).map((entry) => {
      const resource = entry.subresource ? `${entry.resource}/${entry.subresource}` : entry.resource;
      const object = `${entry.group}/${resource}`;
      const isNamed = granted().includes(`${entry.verb} ${object} ${entry.name}`);
      assert.ok(named.has(object), `${entry.verb} ${object}`);
      return `${entry.verb} ${object} ${isNamed ? entry.name : ""}`.trim();
    });
    assert.deepEqual([...new Set(used)].sort(), granted());
  });
});
