import assert from "node:assert/strict";
import type { VolumeAttachment } from "../../daemon/cluster/objects.ts";
import { createVolume, usesClaim } from "../kubernetes/volumes.ts";
import { daemonUser } from "../world/manifests.ts";
import { isFromDaemon } from "./small-world.ts";
import { createStory, minute } from "./story.ts";

const story = createStory();
const { addDaemonSet, addPod, pass, phase, saysOf, start, until, wantReboot } = story;

const attachments = "/apis/storage.k8s.io/v1/volumeattachments";

async function addVolume(name: string): Promise<void> {
  await createVolume({ api: story.world.api, signal: story.world.signal }, { name });
}

async function attached(): Promise<VolumeAttachment[]> {
  const { items } = await story.world.api.list<VolumeAttachment>(attachments, { signal: story.world.signal });
  return items.filter(({ spec }) => spec.nodeName === "n1");
}

/** A driver that hangs: what is attached now stays so until it is let go. */
async function hold(finalizers: string[] | null = ["disk.test/slow"]): Promise<void> {
  for (const { metadata } of await attached()) {
    const path = `${attachments}/${metadata?.name}`;
    await story.world.api.patch(path, { metadata: { finalizers } }, { signal: story.world.signal });
  }
}

async function setDrivers(...names: string[]): Promise<void> {
  const drivers = names.map((name) => ({ name, nodeID: "n1", topologyKeys: [] }));
  const body = { metadata: { name: "n1" }, spec: { drivers } };
  await story.world.api.create("/apis/storage.k8s.io/v1/csinodes", body, { signal: story.world.signal });
}

/** The volumes that are attached when the machine is asked to go down, and how long that took since the cordon. */
async function drainAndSee(): Promise<{ left: string[]; tookMs: number }> {
  await wantReboot();
  await until("it drains", async () => (await phase()) === "Draining");
  const began = story.world.time.clock.wall();
  await until("the reboot is asked for", async () => (await phase()) === "Rebooting");
  const left = (await attached()).map(({ spec }) => spec.source.persistentVolumeName ?? "");
  return { left, tookMs: story.world.time.clock.wall() - began };
}

const asked = () =>
  story.world.server.ledger
    .entries({ user: daemonUser.name })
    .filter(({ resource }) => /volume|csinodes/.test(resource));

describe("A drain of pods with volumes", () => {
  afterEach(story.stop);

  it("waits until they are detached", async () => {
    await start();
    await setDrivers("disk.test");
    await addVolume("data");
    await addPod("db", { spec: usesClaim("data") });
    await pass(3000);
    assert.equal((await attached()).length, 1);
    const { left } = await drainAndSee();
    assert.deepEqual(left, []);
    assert.ok(saysOf("the node is empty; volumes not yet detached: data (disk.test)"));
  });

  it("goes on after a while all the same, and names those that are still attached", async () => {
    await start({ "drain-volume-timeout": "1m" });
    await addVolume("data");
    await addPod("db", { spec: usesClaim("data") });
    await pass(3000);
    await hold();
    const { left, tookMs } = await drainAndSee();
    assert.deepEqual(left, ["data"]);
    assert.ok(tookMs >= minute && tookMs < minute + 10_000, `${tookMs} ms`);
    assert.ok(saysOf("still attached after --drain-volume-timeout: data (disk.test)"));
    assert.ok(asked().length < 20, `${asked().length} requests`);
  });

  it("is not undone at its deadline when volumes are all that is left", async () => {
    await start({ "drain-volume-timeout": "5m", "drain-timeout": "1m" });
    await addVolume("data");
    await addPod("db", { spec: usesClaim("data") });
    await pass(3000);
    await hold();
    const { tookMs } = await drainAndSee();
    assert.ok(tookMs >= minute - 1000 && tookMs < minute + 2000, `${tookMs} ms`);
  });

  it("does not wait for volumes of pods that stay", async () => {
    await start();
    await addVolume("logs");
    await addDaemonSet("agent", usesClaim("logs"));
    await addPod("reader", { spec: usesClaim("logs") });
    await pass(5000);
    await hold();
    const { left, tookMs } = await drainAndSee();
    assert.deepEqual(left, ["logs"]);
    assert.ok(tookMs < 10_000, `${tookMs} ms`);
  });

  it("does not wait for a driver that does not run on the node", async () => {
    await start();
    await setDrivers("other.test");
    await addVolume("data");
    await addPod("db", { spec: usesClaim("data") });
    await pass(3000);
    await hold();
    const { tookMs } = await drainAndSee();
    assert.ok(tookMs < 10_000, `${tookMs} ms`);
  });

  it("does not wait for the same volume on another node, nor for one that is attached anew", async () => {
    await start({}, { nodes: 2 });
    await addVolume("shared");
    await addPod("here", { spec: usesClaim("shared") });
    await addPod("there", { on: "n2", spec: usesClaim("shared") });
    await pass(3000);
    await hold();
    const [mine] = await attached();
    await wantReboot();
    await until("it waits", async () => saysOf("volumes not yet detached"));
    const { name } = mine?.metadata ?? {};
    await story.world.api
      .delete(`${attachments}/${name}`, {}, { signal: story.world.signal })
      .catch(() => {});
    await hold(null);
    const metadata = { name, finalizers: ["disk.test/slow"] };
    await story.world.api.create(attachments, { metadata, spec: mine?.spec }, { signal: story.world.signal });
    await until("the reboot is asked for", async () => (await phase()) === "Rebooting", 15_000);
  });

  it("waits for those of a pod that comes while it waits, too", async () => {
    await start();
    await addVolume("first");
    await addVolume("second");
    await addPod("db", { spec: usesClaim("first") });
    await pass(3000);
    await hold();
    await wantReboot();
    await until("it waits", async () => saysOf("not yet detached: first (disk.test)"));
    await addPod("late", { spec: usesClaim("second") });
    await pass(100);
    await hold(null);
    await until("the reboot is asked for", async () => (await phase()) === "Rebooting");
    assert.ok(saysOf("not yet detached: second (disk.test)"));
    assert.deepEqual(await attached(), []);
  });

  it("asks nobody about volumes when it is told not to wait, nor when no pod had one", async () => {
    await start({ "drain-volume-timeout": "0" });
    await addVolume("data");
    await addPod("db", { spec: usesClaim("data") });
    await drainAndSee();
    assert.deepEqual(asked(), []);
    await story.stop();
    await start();
    await addPod("web");
    await drainAndSee();
    assert.deepEqual(asked(), []);
  });

  it("goes on where it may not look, and says so", async () => {
    await start();
    await addVolume("data");
    await addPod("db", { spec: usesClaim("data") });
    const refusal = { code: 403, reason: "Forbidden", message: "volumeattachments is forbidden" };
    const match = { resource: "volumeattachments", where: isFromDaemon };
    story.world.server.faults.add({ match, effect: { refusal } });
    const { tookMs } = await drainAndSee();
    assert.ok(tookMs < 10_000, `${tookMs} ms`);
    assert.ok(saysOf("volumes may still be attached"));
  });

  it("looks again after trouble of the server", async () => {
    await start();
    await addVolume("data");
    await addPod("db", { spec: usesClaim("data") });
    await pass(3000);
    const match = { resource: "volumeattachments", where: isFromDaemon };
    const fault = story.world.server.faults.add({ match, times: 2, effect: { status: 503 } });
    const { left } = await drainAndSee();
    assert.equal(fault.hits, 2);
    assert.deepEqual(left, []);
  });
});
