import assert from "node:assert/strict";
import { createStory, minute } from "./story.ts";
import { type } from "./typed.ts";

const story = createStory();
const { pass, start, stop } = story;

describe("The live view of a cluster", () => {
  afterEach(stop);

  it("follows a roll, and ends with a key; it asks for three watches and writes nothing", async () => {
    await start({}, { nodes: 2 });
    await pass(minute);
    const texts: string[] = [];
    let press = (_: string) => {};
    story.world.server.ledger.clear();
    const typed = type(story.world, ["watch"], {
      onRedraw: (text) => texts.push(text),
      onOpen: (key) => {
        press = key;
      },
    });
    await pass(2000);
    assert.match(texts.at(-1) ?? "", /2 nodes, .*\n\nnothing to do: no node needs a reboot\n/);
    story.node("n1").wantsReboot();
    await pass(5 * minute);
    assert.ok(texts.some((text) => /\nWAVE .*\nn1 .*Draining/.test(text)));
    assert.match(texts.at(-1) ?? "", /\nENDED .*\nn1 +\S+ +rebooted/);
    press("q");
    await pass(2000);
    assert.deepEqual([(await typed).code, texts.at(-1)], [0, "closed"]);
  });

  it("gives the terminal back when its first read fails", async () => {
    await start();
    const texts: string[] = [];
    story.world.server.faults.add({
      match: { resource: "pods" },
      effect: { refusal: { code: 403, reason: "Forbidden", message: "no" } },
    });
    const typed = type(story.world, ["watch"], { onRedraw: (text) => texts.push(text) });
    await pass(2000);
    assert.deepEqual([(await typed).code, texts.at(-1)], [1, "closed"]);
  });

  it("needs a terminal, and says what does not", async () => {
    await start();
    const { code, err } = await type(story.world, ["watch"]);
    assert.equal(code, 2);
    assert.match(err, /^rebootd: watch requires a terminal; rebootd status --watch prints each change/);
  });
});
