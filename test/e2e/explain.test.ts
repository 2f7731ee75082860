import assert from "node:assert/strict";
import { contract } from "../../daemon/annotations/names.ts";
import { parseRecord } from "../../daemon/cycle/record.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { startSuite } from "../kubernetes/suite.ts";
import { daemonUserOn, installRights } from "../world/manifests.ts";
import { startRebootd } from "../world/rebootd.ts";
import { startWorld, type World } from "../world/world.ts";
import { askDaemon, runDaemonProcess } from "./daemon-process.ts";

const closed = ["paused (node)", "pods (blocking)", "window (blackout)"];
let world: World;

async function onNode(): Promise<string[]> {
  const { annotations } = (await world.node("n1").object()).metadata ?? {};
  const reasons = parseRecord(annotations?.[contract.cycle.key]).record?.reasons ?? [];
  return reasons.map(({ gate, code }) => `${gate} (${code})`).sort();
}

async function inMetrics(): Promise<string[]> {
  const text = await askDaemon(world.node("n1").logFile, "/metrics");
  const found = text.matchAll(/^rebootd_gate_closed\{gate="([^"]+)",reason="([^"]+)",node="n1"\} 1$/gm);
  return [...found].map(([, gate, reason]) => `${gate} (${reason})`).sort();
}

async function explained(): Promise<string> {
  const { code, out, err } = await runDaemonProcess(["explain", "n1"], { KUBECONFIG: world.adminKubeconfig });
  assert.equal(code, 0, err);
  return out;
}

const gatesIn = (text: string) =>
  [...text.matchAll(/^ {2}(\S+ \(\S+\)), for \S+: \S/gm)].map(([, gate]) => gate ?? "").sort();

describe("A node that may not reboot for several reasons", () => {
  before(async () => {
    const suite = await startSuite(systemClock);
    await installRights(suite.server);
    const options = ["--blocking-pod-selector=app=keep", "--blackout=2020-01-01..2099-12-31"];
    world = await startWorld({
      ...suite,
      daemonUser: daemonUserOn,
      nodes: ["n1"],
      startDaemon: (place) => startRebootd(place, ["--period=1s", ...options]),
    });
    const { signal } = world;
    const spec = { nodeName: "n1", containers: [{ name: "main", image: "app:1" }] };
    const pod = { metadata: { name: "keep", labels: { app: "keep" } }, spec };
    await world.api.create("/api/v1/namespaces/default/pods", pod, { signal });
    const metadata = { annotations: { "rebootd.dev/paused": "new \u001b[31mdisk" } };
    await world.api.patch("/api/v1/nodes/n1", { metadata }, { signal });
  });
  after(() => world.stop());

  it("says the same in its annotation, in the metrics, and to a person", async () => {
    world.node("n1").wantsReboot();
    await world.until("all reasons are on the Node", async () => (await onNode()).length === 3);
    assert.deepEqual(await onNode(), closed);
    await world.until("all reasons are in the metrics", async () => (await inMetrics()).length === 3);
    assert.deepEqual(await inMetrics(), closed);
    const text = await explained();
    assert.deepEqual(gatesIn(text), closed, text);
    assert.match(
      text,
      /\nn1 is waiting for its reboot \(\S+\)\nreboot needed for \S+ \(sentinel file\)\nheld back by \(written \d+s ago\):\n/,
    );
    assert.match(text, / {2}paused \(node\), for \S+: this node is paused: new \[31mdisk\n/);
    assert.match(text, / {2}pods \(blocking\), for \S+: blocking pods are on this node: default\/keep\n/);
    assert.match(text, /\nthe lock, lease\/rebootd in kube-system: free\n/);
  });

  it("forgets in all three places those that are over", async () => {
    const metadata = { annotations: { "rebootd.dev/paused": null } };
    await world.api.patch("/api/v1/nodes/n1", { metadata }, { signal: world.signal });
    await world.until("it is no longer paused", async () => (await onNode()).length === 2);
    const left = closed.slice(1);
    assert.deepEqual([await onNode(), gatesIn(await explained())], [left, left]);
    await world.until("nor do the metrics say so", async () => (await inMetrics()).length === 2);
    assert.deepEqual(await inMetrics(), left);
  });

  it("is not known where the cluster has no such Node", async () => {
    const { code, err } = await runDaemonProcess(["explain", "n9"], { KUBECONFIG: world.adminKubeconfig });
    assert.deepEqual([code, err], [1, 'rebootd: the cluster has no Node "n9"\n']);
  });
});
