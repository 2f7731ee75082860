import assert from "node:assert/strict";
import { addPod, createTestbed, type Testbed } from "../testbed.ts";
import { createVirtualTime, type VirtualTime } from "../virtual-time.ts";
import { createVolume, usesClaim } from "../volumes.ts";
import type { StoredAttachment } from "./objects.ts";
import { runVolumes } from "./volumes.ts";

const detachMs = 3000;
/** `csi-`, and the SHA-256 of `datadisk.testa`. */
const nameOnA = "csi-adfda1a3e54ddbc61f88a703777fd3787c322b6e00089cd69d681ad62f828442";
let time: VirtualTime;
let testbed: Testbed;

const start = () => testbed.run(runVolumes(testbed.ports, testbed.informers(), { detachMs }));
const attachments = () => testbed.list<StoredAttachment>("volumeattachments");
const addUser = (name: string, claim: string, nodeName = "a") =>
  addPod(testbed, name, { nodeName, spec: usesClaim(claim) });
/** As its kubelet would end it, at once. */
const removePod = (name: string) => testbed.remove("pods", name, { gracePeriodSeconds: 0 });

/** `volume@node` of each, with `?` while it is not attached yet and `!` while it is being deleted. */
async function attached(): Promise<string> {
  const words = (await attachments()).map(({ metadata, spec, status }) => {
    const state = metadata.deletionTimestamp ? "!" : status?.attached ? "" : "?";
    return `${spec.source.persistentVolumeName}@${spec.nodeName}${state}`;
  });
  return words.sort().join(" ");
}

async function addClaim(name: string, volumeName?: string): Promise<void> {
  const resources = { requests: { storage: "1Gi" } };
  const spec = { accessModes: ["ReadWriteOnce"], resources, ...(volumeName && { volumeName }) };
  await testbed.create("persistentvolumeclaims", { metadata: { name }, spec });
}

async function attachAs(name: string, attacher = "disk.test", persistentVolumeName = "data"): Promise<void> {
  const spec = { attacher, nodeName: "a", source: { persistentVolumeName } };
  await testbed.create("volumeattachments", { metadata: { name }, spec });
}

describe("The attach/detach controller", () => {
  beforeEach(async () => {
    time = createVirtualTime(Date.parse("2026-11-24T12:00:00Z"));
    testbed = createTestbed(time);
    await createVolume(testbed.ports, { name: "data" });
  });
  afterEach(() => testbed.stop());

  it("attaches the volume of a pod's claim to the pod's node, under the name that Kubernetes gives it", async () => {
    start();
    await addUser("p", "data");
    await time.pass(0);
    const [attachment] = await attachments();
    assert.equal(attachment?.metadata.name, nameOnA);
    assert.deepEqual(attachment.spec, {
      attacher: "disk.test",
      nodeName: "a",
      source: { persistentVolumeName: "data" },
    });
    assert.deepEqual(attachment.status, { attached: true });
  });

  it("attaches what a pod needs that was there before it", async () => {
    await addUser("p", "data");
    start();
    await time.pass(0);
    assert.equal(await attached(), "data@a");
  });

  it("attaches the volume of a claim that is made for the pod alone", async () => {
    await createVolume(testbed.ports, { name: "p-scratch" });
    start();
    const volumeClaimTemplate = { spec: { accessModes: ["ReadWriteOnce"], resources: {} } };
    const spec = { volumes: [{ name: "scratch", ephemeral: { volumeClaimTemplate } }] };
    await addPod(testbed, "p", { nodeName: "a", spec });
    await time.pass(0);
    assert.equal(await attached(), "p-scratch@a");
  });

  it("attaches a volume to each node that has a pod for it", async () => {
    start();
    await addUser("p", "data");
    await addUser("q", "data", "b");
    await time.pass(0);
    assert.equal(await attached(), "data@a data@b");
  });

  it("attaches nothing to a pod without a node, without a claim or with a claim that is not bound", async () => {
    start();
    await addPod(testbed, "unbound", { spec: usesClaim("data") });
    await addPod(testbed, "plain", { nodeName: "a" });
    await addUser("early", "later");
    await time.pass(60_000);
    assert.equal(await attached(), "");
  });

  it("attaches it once the claim is bound", async () => {
    start();
    await addUser("p", "later");
    await addClaim("later");
    await time.pass(1000);
    await testbed.patch("persistentvolumeclaims", "later", { spec: { volumeName: "data" } });
    await time.pass(0);
    assert.equal(await attached(), "data@a");
  });

  it("attaches it once the volume of the claim is there", async () => {
    start();
    await addUser("p", "early");
    await addClaim("early", "late");
    await time.pass(1000);
    const csi = { driver: "disk.test", volumeHandle: "late" };
    const spec = { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], csi };
    await testbed.create("persistentvolumes", { metadata: { name: "late" }, spec });
    await time.pass(0);
    assert.equal(await attached(), "late@a");
  });

  it("attaches it once the pod has its node", async () => {
    start();
    await addPod(testbed, "p", { spec: usesClaim("data") });
    const binding = { metadata: { name: "p" }, target: { kind: "Node", name: "a" } };
    await testbed.api.create("/api/v1/namespaces/default/pods/p/binding", binding, testbed.ports);
    await time.pass(0);
    assert.equal(await attached(), "data@a");
  });

  it("asks for nothing while there is no volume", async () => {
    start();
    await time.pass(0);
    const before = testbed.server.ledger.count({});
    await addPod(testbed, "plain", { nodeName: "a" });
    await removePod("plain");
    await time.pass(60_000);
    assert.equal(testbed.server.ledger.count({}), before + 2);
  });

  describe("with a volume that two pods of a node use", () => {
    beforeEach(async () => {
      start();
      await addUser("p", "data");
      await addUser("q", "data");
      await time.pass(0);
    });

    it("keeps it attached when one of them goes", async () => {
      await removePod("p");
      await time.pass(60_000);
      assert.equal(await attached(), "data@a");
    });

    it("keeps it attached while the last of them still stops", async () => {
      await removePod("p");
      await testbed.remove("pods", "q");
      await time.pass(60_000);
      assert.equal(await attached(), "data@a");
    });

    it("detaches it some time after the last of them has gone", async () => {
      await removePod("p");
      await time.pass(2000);
      await removePod("q");
      await time.pass(detachMs - 1);
      assert.equal(await attached(), "data@a");
      await time.pass(1);
      assert.equal(await attached(), "");
    });

    it("detaches it some time after the last of them has finished", async () => {
      await removePod("p");
      await testbed.patch("pods", "q", { status: { phase: "Succeeded" } }, "status");
      await time.pass(detachMs);
      assert.equal(await attached(), "");
    });

    it("counts the time anew when a pod has come in between", async () => {
      await removePod("p");
      await removePod("q");
      await time.pass(2000);
      await addUser("r", "data");
      await time.pass(1000);
      await removePod("r");
      await time.pass(detachMs - 1);
      assert.equal(await attached(), "data@a");
      await time.pass(1);
      assert.equal(await attached(), "");
    });

    it("attaches it again when somebody has detached it", async () => {
      const [attachment] = await attachments();
      await testbed.remove("volumeattachments", attachment?.metadata.name ?? "");
      await time.pass(0);
      const [again] = await attachments();
      assert.notEqual(again?.metadata.uid, attachment?.metadata.uid);
      assert.equal(await attached(), "data@a");
    });
  });

  describe("with an attachment that a finalizer holds", () => {
    let name: string;
    const setFinalizers = (finalizers: string[] | null) =>
      testbed.patch("volumeattachments", name, { metadata: { finalizers } });
    beforeEach(async () => {
      start();
      await addUser("p", "data");
      await time.pass(0);
      name = (await attachments())[0]?.metadata.name ?? "";
      await setFinalizers(["test/slow"]);
      await removePod("p");
      await time.pass(60_000);
    });

    it("deletes it, and it goes with the finalizer", async () => {
      assert.equal(await attached(), "data@a!");
      await setFinalizers(null);
      assert.equal(await attached(), "");
    });

    it("attaches it anew after that for a pod that has come since", async () => {
      await addUser("q", "data");
      await time.pass(60_000);
      assert.equal(await attached(), "data@a!");
      await setFinalizers(null);
      await time.pass(0);
      assert.equal(await attached(), "data@a");
    });
  });

  it("detaches what it has attached in an earlier life", async () => {
    await attachAs(nameOnA);
    start();
    await time.pass(detachMs);
    assert.equal(await attached(), "");
  });

  it("leaves alone what others have attached", async () => {
    await attachAs("by-hand");
    await attachAs("csi-other", "other.test", "not-there");
    start();
    await addUser("p", "data");
    await time.pass(0);
    await removePod("p");
    await time.pass(60_000);
    assert.equal(await attached(), "data@a? not-there@a?");
  });

  it("gets through answers that were lost on the way", async () => {
    for (const verb of ["create", "patch", "delete"] as const) {
      const match = { verb, resource: "volumeattachments" };
      testbed.server.faults.add({ match, times: 2, effect: "reset-after" });
    }
    start();
    await addUser("p", "data");
    await time.pass(10_000);
    assert.equal(await attached(), "data@a");
    await removePod("p");
    await time.pass(detachMs + 10_000);
    assert.equal(await attached(), "");
  });
});
