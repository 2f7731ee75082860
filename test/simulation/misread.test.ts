import assert from "node:assert/strict";
import { patchNode, reasons, saysOf, start, until, wantReboot, world } from "./story.ts";

const events = async () => {
  const { items } = await world.admin.list<{ reason?: string; note?: string }>(
    "/apis/events.k8s.io/v1/namespaces/default/events",
    { signal: world.signal },
  );
  return items.filter(({ reason }) => reason === "NotUnderstood").map(({ note }) => note ?? "");
};

describe("An annotation that rebootd does not understand", () => {
  afterEach(() => world.stop());

  it("is named in the log and on the Node within seconds, once", async () => {
    await start();
    await world.time.pass(3000);
    await patchNode({ metadata: { annotations: { "rebootd.dev/pause": "true" } } });
    await world.time.pass(3000);
    assert.ok(saysOf("an annotation is not understood: rebootd.dev/pause: nobody reads this"));
    const [note, ...more] = await events();
    assert.match(note ?? "", /^rebootd\.dev\/pause: nobody reads this annotation of a Node/);
    assert.deepEqual(more, []);
    await world.time.pass(3 * 3_600_000);
    assert.equal(world.logs.filter((line) => line.includes("not understood")).length, 1);
  });

  it("is said where it holds the node back: a pause without an end that was meant to have one", async () => {
    await start();
    await patchNode({ metadata: { annotations: { "rebootd.dev/paused": "yes until tomorrow" } } });
    await wantReboot();
    await until("it waits", async () => (await reasons()).length > 0);
    assert.match(
      (await reasons())[0] ?? "",
      /^paused \(node\): .*yes until tomorrow \(it does not end by itself; /,
    );
  });
});
