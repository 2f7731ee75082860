import assert from "node:assert/strict";
import type { WholePod } from "../../daemon/cluster/objects.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { administrator } from "../kubernetes/server.ts";
import { type Suite, startSuite } from "../kubernetes/suite.ts";
import { createManifests, daemonUserOn, installRights } from "../world/manifests.ts";
import { startRebootd } from "../world/rebootd.ts";
import { startWorld, type World } from "../world/world.ts";

let suite: Suite;
let world: World;

async function readyTills(): Promise<WholePod[]> {
  const query = { labelSelector: "app=till" };
  const { items } = await world.api.list<WholePod>("/api/v1/namespaces/default/pods", {
    query,
    signal: world.signal,
  });
  return items.filter(
    ({ metadata, status }) =>
      metadata?.deletionTimestamp === undefined &&
      status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True"),
  );
}

describe("A real daemon that drains the only replica of a Deployment", () => {
  before(async () => {
    suite = await startSuite(systemClock);
    await installRights(suite.server);
    const { signal } = new AbortController();
    await createManifests(suite.server.apiFor(administrator), signal, { folder: "components/surge" });
    world = await startWorld({
      ...suite,
      daemonUser: daemonUserOn,
      nodes: ["n1", "n2"],
      workloads: [{ name: "till", replicas: 1, budget: { minAvailable: 1 } }],
      startDaemon: (place) => startRebootd(place, ["--period=1s", "--surge-selector=app=till"]),
    });
  });
  after(() => world.stop());

  it("never leaves it without a Ready pod, though the budget never lets the pod go", async function () {
    this.timeout(120_000);
    const counts: number[] = [];
    const watching = new AbortController();
    const watched = (async () => {
      while (!watching.signal.aborted) {
        counts.push((await readyTills()).length);
        await systemClock.sleep(100, world.signal);
      }
    })();
    const [pod] = await readyTills();
    const name = pod?.spec?.nodeName ?? assert.fail("the pod is on no node");
    world.node(name).wantsReboot();
    await world.rolled([name], 110_000);
    watching.abort();
    await watched;
    assert.equal(Math.min(...counts), 1);
    // The Deployment takes the pod away itself.
    const { violations } = await world.report();
    assert.deepEqual(
      violations.filter(({ promise }) => promise !== "pods are evicted"),
      [],
    );
  });
});
