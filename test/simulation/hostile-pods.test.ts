/** Whoever may create a pod writes names that the daemon looks up: of its controller, and of its claims. */
import assert from "node:assert/strict";
import { createVolume, usesClaim } from "../kubernetes/volumes.ts";
import { createStory } from "./story.ts";

const story = createStory();
const { addDaemonSet, addPod, evictions, isRebooted, pass, saysOf, start, until, wantReboot } = story;

/** Those for which the garbage collector cannot ask either; it takes away pods with an owner that it can see to be gone. */
const unasked = ["x%", "%2e%2e", "/", "..", ".", "a/b"];
const names = [...unasked, "?", "x?dryRun=All", "x#y", "\u0000", "é", "x".repeat(3000)];
const everything = { tolerations: [{ operator: "Exists" }], terminationGracePeriodSeconds: 1 };

async function addOwned(name: string, owner: string): Promise<void> {
  const reference = { apiVersion: "apps/v1", kind: "DaemonSet", uid: `uid-of-${name}`, controller: true };
  await addPod(name, { ownerReferences: [{ ...reference, name: owner }], spec: everything });
}

describe("A pod that somebody has made to be in the way", () => {
  afterEach(story.stop);

  it("keeps no node from its reboot by the name of its controller, and is named", async () => {
    await start();
    for (const [index, owner] of unasked.entries()) await addOwned(`evil${index}`, owner);
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 300_000);
    assert.deepEqual(
      evictions().sort(),
      unasked.map((_, index) => `evil${index} 201`),
    );
    assert.ok(saysOf("belongs to a DaemonSet that is gone"));
  });

  it("is not spared by a name that begins with that of a DaemonSet", async () => {
    await start();
    await addDaemonSet("agent", { nodeSelector: { nowhere: "true" } });
    await addOwned("evil", "agent/status");
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 300_000);
    assert.deepEqual(evictions(), ["evil 201"]);
  });

  it("turns off nobody's wait for volumes by the name of its claim", async () => {
    await start();
    const ports = { api: story.world.api, signal: story.world.signal };
    await createVolume(ports, { name: "data" });
    await addPod("victim", { spec: { ...everything, ...usesClaim("data") } });
    for (const [index, claim] of names.entries())
      await addPod(`evil${index}`, { spec: { ...everything, ...usesClaim(claim) } });
    await pass(3000);
    const attachments = "/apis/storage.k8s.io/v1/volumeattachments";
    const { items } = await story.world.api.list<{ metadata: { name: string } }>(attachments, {
      signal: story.world.signal,
    });
    const [attachment] = items;
    assert.ok(attachment);
    const hold = (finalizers: string[] | null) =>
      story.world.api.patch(
        `${attachments}/${attachment.metadata.name}`,
        { metadata: { finalizers } },
        { signal: story.world.signal },
      );
    await hold(["disk.test/slow"]);
    await wantReboot();
    await until("it waits for the volume", async () => saysOf("volumes not yet detached: data"), 60_000);
    await hold(null);
    await until("n1 has rebooted", isRebooted, 60_000);
    assert.ok(!saysOf("volumes may still be attached"));
  });
});
