import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { systemClock } from "../../daemon/time/clock.ts";
import { collection, type StoredPod } from "../kubernetes/controllers/objects.ts";
import { type SimulatedServer, startSimulatedServer } from "../kubernetes/server.ts";
import { startWorld, type World } from "./world.ts";

/** A world without daemons: the tests play their part, well and badly. */
let server: SimulatedServer;
let world: World;

const node = () => world.node("n1");
const webPods = async () => (await node().pods()).filter((pod) => pod.metadata.labels?.["app"] === "web");

async function takeSlot(): Promise<void> {
  await world.setLock(JSON.stringify({ nodeID: "n1", created: new Date().toISOString() }));
}

async function setCordon(isCordoned: boolean): Promise<void> {
  const record = { phase: isCordoned ? "Draining" : "Idle", cordoned: isCordoned };
  const annotations = { "rebootd.dev/cycle": JSON.stringify(record) };
  const body = { metadata: { annotations }, spec: { unschedulable: isCordoned || null } };
  await world.api.patch(`${collection("nodes")}/n1`, body, world);
}

async function evict(pod: StoredPod): Promise<boolean> {
  const { name, namespace } = pod.metadata;
  const body = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } };
  const path = `${collection("pods", namespace)}/${name}/eviction`;
  return world.api.create(path, body, world).then(
    () => true,
    () => false,
  );
}

async function drain(): Promise<void> {
  await world.until("n1 is empty", async () => {
    const pods = await webPods();
    for (const pod of pods) await evict(pod);
    return pods.length === 0;
  });
}

async function reboot(): Promise<void> {
  const boots = node().machine.boots.length;
  writeFileSync(`${node().folder}/reboot`, "");
  await world.until("n1 has booted", () => node().machine.boots.length > boots);
  const bootID = node().machine.boots.at(-1)?.bootID;
  await world.until("n1 is back", async () => {
    const { status } = await node().object();
    const isReady = status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
    return status?.nodeInfo?.bootID === bootID && isReady === true;
  });
}

const violations = async () => (await world.report()).violations.map(({ promise }) => promise);

describe("A world", () => {
  beforeEach(async () => {
    server = await startSimulatedServer(systemClock, { authorization: "always-allow" });
    world = await startWorld({
      server,
      nodes: 2,
      rebootSeconds: 0.1,
      kubelet: { readyAfterMs: 50, podStartMs: 50, podStopMs: 50 },
      workloads: [
        { name: "web", replicas: 4, budget: { maxUnavailable: 1 } },
        { name: "agent", namespace: "kube-system" },
      ],
    });
  });
  afterEach(() => world.stop());

  it("has a controller that labels nodes by itself, which nobody takes for the daemon's doing", async () => {
    const path = `${collection("nodes")}/n1`;
    await world.api.patch(path, { metadata: { labels: { "beta.kubernetes.io/os": "other" } } }, world);
    await world.until("the label is there again", async () => {
      return (await node().object()).metadata.labels?.["beta.kubernetes.io/os"] === "linux";
    });
    await world.api.patch(
      path,
      { metadata: { labels: { "beta.kubernetes.io/instance-type": "m5" } } },
      world,
    );
    assert.deepEqual(await violations(), []);
  });

  it("spreads its pods, within their budget", async () => {
    assert.equal((await webPods()).length, 2);
    const [first, second] = await webPods();
    assert.ok(first && second);
    assert.deepEqual([await evict(first), await evict(second)], [true, false]);
  });

  it("finds nothing wrong with a daemon that does everything right", async () => {
    node().wantsReboot();
    await takeSlot();
    await setCordon(true);
    await drain();
    await reboot();
    await setCordon(false);
    await world.setLock(null);
    await world.rolled(["n1"]);
    const report = await world.report();
    assert.deepEqual(report.violations, []);
    assert.equal(report.maxUnavailable, 1);
    const { sentinelAt, cordonedAt, rebootedAt, readyAt, uncordonedAt, releasedAt, bootIDs } =
      report.nodes[0] ?? assert.fail();
    const times = [sentinelAt, cordonedAt, rebootedAt, readyAt, uncordonedAt, releasedAt];
    assert.ok(times.every((time) => time !== null));
    assert.deepEqual(times, [...times].sort());
    assert.equal(bootIDs.length, 2);
  });

  it("finds pods that were on the machine when it was rebooted, but not those of a DaemonSet", async () => {
    node().wantsReboot();
    await takeSlot();
    await setCordon(true);
    await reboot();
    await setCordon(false);
    await world.setLock(null);
    await world.rolled(["n1"]);
    assert.deepEqual(await violations(), [
      "no pod goes down with its node",
      "no pod goes down with its node",
    ]);
  });

  it("finds pods that were deleted instead of evicted", async () => {
    await takeSlot();
    await setCordon(true);
    const [pod] = await webPods();
    assert.ok(pod);
    await world.api.delete(`${collection("pods", "default")}/${pod.metadata.name}`, {}, world);
    await world.until("it was seen", async () => (await violations()).includes("pods are evicted"));
  });

  it("finds what was left behind", async () => {
    await takeSlot();
    await setCordon(true);
    await world.until("cordon, taint and slot are seen", async () => {
      const { violations } = await world.report();
      return (
        violations.length === 3 && violations.every(({ promise }) => promise === "nothing is left behind")
      );
    });
  });

  it("leaves nothing behind itself", async () => {
    assert.ok(existsSync(world.folder));
    await world.stop();
    assert.ok(!existsSync(world.folder));
    await assert.rejects(fetch(server.url), TypeError);
  });

  it("names what did not come in time", async () => {
    await assert.rejects(
      world.until("pigs fly", () => false, 50),
      /pigs fly: timed out after 0.05 s/,
    );
  });
});
