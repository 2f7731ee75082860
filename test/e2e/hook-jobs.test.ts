/** Jobs before and after the reboot, run for a real daemon by a cluster with real time. */
import assert from "node:assert/strict";
import type { Job } from "../../daemon/cluster/objects.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { startSuite } from "../kubernetes/suite.ts";
import { createManifests, daemonUserOn, installRights } from "../world/manifests.ts";
import { startRebootd } from "../world/rebootd.ts";
import { startWorld, type World } from "../world/world.ts";

const folder = "/apis/batch/v1/namespaces/kube-system/jobs";
const hooks = ["--before-reboot-job=kube-system/set-noout", "--after-reboot-job=kube-system/unset-noout"];

/** Ends at once, also on a node that is cordoned. */
function template(name: string): object {
  const spec = {
    restartPolicy: "Never",
    tolerations: [{ operator: "Exists" }],
    containers: [{ name: "main", image: "ceph:1" }],
  };
  const annotations = { "machines.test/run-seconds": "0.2" };
  return { metadata: { name }, spec: { suspend: true, template: { metadata: { annotations }, spec } } };
}

describe("A daemon with hook Jobs", () => {
  let world: World;

  before(async () => {
    const suite = await startSuite(systemClock);
    await installRights(suite.server);
    world = await startWorld({
      ...suite,
      daemonUser: daemonUserOn,
      nodes: ["n1"],
      startDaemon: (place) => startRebootd(place, hooks),
    });
    await createManifests(world.api, world.signal, { folder: "components/hook-jobs" });
    for (const name of ["set-noout", "unset-noout"])
      await world.api.create(folder, template(name), { signal: world.signal });
  });
  after(() => world.stop());

  it("runs one before its reboot and one after it, with no more rights than its component grants", async () => {
    const node = world.node("n1");
    node.wantsReboot();
    await world.until(
      "n1 has rebooted",
      async () => node.machine.boots.length === 2 && (await node.phase()) === "Idle",
    );
    const query = { labelSelector: "rebootd.dev/node=n1" };
    const { items } = await world.api.list<Job>(folder, { signal: world.signal, query });
    const ended = items.map(({ metadata, status }) => [
      metadata?.labels?.["rebootd.dev/hook"],
      status?.conditions?.find(({ type }) => type === "Complete")?.status,
    ]);
    assert.deepEqual(ended.sort(), [
      ["after", "True"],
      ["before", "True"],
    ]);
  });
});
