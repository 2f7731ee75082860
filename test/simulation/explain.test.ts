import assert from "node:assert/strict";
import { createStory, minute } from "./story.ts";
import { type } from "./typed.ts";

const story = createStory();
const { pass, start, stop } = story;
const events = "/apis/events.k8s.io/v1/namespaces/default/events";

async function addEvent(name: string, regarding: object, note: string): Promise<void> {
  const eventTime = new Date(story.world.time.clock.wall()).toISOString().replace("Z", "000Z");
  const event = {
    ...{ metadata: { name }, eventTime, type: "Warning", reason: "Broken", action: "Look", note },
    ...{ regarding, reportingController: "example.com/x", reportingInstance: "x" },
  };
  await story.world.api.create(events, event, { signal: story.world.signal });
}

describe("An explanation from a cluster", () => {
  beforeEach(async () => {
    await start({}, { nodes: 2 });
    await pass(minute);
  });
  afterEach(stop);

  it("ends with the last five events of the node, and what to do next; it writes nothing", async () => {
    const node = (name: string) => ({ apiVersion: "v1", kind: "Node", name, uid: name });
    for (let number = 0; number < 8; number += 1) {
      await addEvent(`n1.${number}`, node("n1"), `number ${number} \u001b[2J`);
      await pass(1000);
    }
    await addEvent("n2.1", node("n2"), "of another node");
    await type(story.world, ["pause", "n1"]);
    story.node("n1").wantsReboot();
    await pass(minute);
    story.world.server.ledger.clear();
    const { out } = await type(story.world, ["explain", "n1"]);
    const shown = out.slice(out.indexOf("last events"));
    assert.match(
      shown,
      /^last events of the node:\n( {2}.*\n){5}next:\n( {2}.*\n)? {2}rebootd resume n1 # ends the pause of this node\n$/,
    );
    assert.match(shown, /Warning Broken \(example\.com\/x\): number 7 \[2J\n/);
    assert.doesNotMatch(shown, /another node/);
    const { out: json } = await type(story.world, ["explain", "n1", "-o", "json"]);
    const [explained] = JSON.parse(json);
    assert.deepEqual(explained.next.at(-1), {
      command: "rebootd resume n1",
      purpose: "ends the pause of this node",
    });
    assert.equal(explained.events.length, 5);
  });

  it("says that the events may not be listed", async () => {
    story.world.server.faults.add({
      match: { resource: "events" },
      effect: { refusal: { code: 403, reason: "Forbidden", message: "no" } },
    });
    const { code, out } = await type(story.world, ["explain", "n1"]);
    assert.equal(code, 0);
    assert.match(out, /\nits events are not shown: you may not list events in namespace default\n/);
  });
});
