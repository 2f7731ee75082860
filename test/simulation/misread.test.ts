import assert from "node:assert/strict";
import { createStory, lease } from "./story.ts";
import { type } from "./typed.ts";

const story = createStory();
const { addPod, pass, patchNode, phase, reasons, saysOf, start, until, wantReboot } = story;

const events = async () => {
  const { items } = await story.world.api.list<{ reason?: string; note?: string }>(
    "/apis/events.k8s.io/v1/namespaces/default/events",
    { signal: story.world.signal },
  );
  return items.filter(({ reason }) => reason === "AnnotationInvalid").map(({ note }) => note ?? "");
};

describe("An annotation that rebootd does not understand", () => {
  afterEach(story.stop);

  it("is named in the log and on the Node within seconds, once", async () => {
    await start();
    await pass(3000);
    await patchNode({ metadata: { annotations: { "rebootd.dev/pause": "true" } } });
    await pass(3000);
    assert.ok(saysOf("an annotation is not understood: rebootd.dev/pause: unknown annotation"));
    const [note, ...more] = await events();
    assert.match(
      note ?? "",
      /^an annotation is not understood: rebootd\.dev\/pause: unknown annotation of a Node/,
    );
    assert.deepEqual(more, []);
    await pass(3 * 3_600_000);
    assert.equal(story.world.logs.filter((line) => line.includes("not understood")).length, 1);
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

  it("is named beside the lock too, in the log, once, and to people: rebootd.dev/pause", async () => {
    await start();
    await addPod("web", { finalizers: ["example.com/hold"] });
    await pass(3000);
    const annotate = (value: string | null) =>
      story.world.api.patch(
        lease,
        { metadata: { annotations: { "rebootd.dev/pause": value } } },
        { signal: story.world.signal },
      );
    await annotate("true");
    const says =
      "rebootd.dev/pause: unknown annotation beside the lock; known are rebootd.dev/lock, rebootd.dev/paused";
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining");
    assert.ok(saysOf(`an annotation is not understood: ${says}`));
    await pass(10 * 60_000);
    assert.equal(story.world.logs.filter((line) => line.includes("not understood")).length, 1);
    assert.ok((await type(story.world, ["status"])).out.includes(`\nnot understood: ${says}\n`));
    assert.ok((await type(story.world, ["explain", "n1"])).out.includes(`\nnot understood: ${says}\n`));
    assert.deepEqual(JSON.parse((await type(story.world, ["status", "-o", "json"])).out).misread, [says]);
    await annotate(null);
    assert.doesNotMatch((await type(story.world, ["status"])).out, /not understood/);
  });
});
