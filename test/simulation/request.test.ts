import assert from "node:assert/strict";
import { createStory, minute } from "./story.ts";

const story = createStory();
const { addPod, boots, isRebooted, pass, patchNode, phase, readNode, saysOf, start, until } = story;

const key = "rebootd.dev/reboot-requested";
const request = (value: string | null) => patchNode({ metadata: { annotations: { [key]: value } } });
const requested = async () => (await readNode()).metadata?.annotations?.[key];
/** It is noon when a story begins. */
const closedWindow = { "start-time": "2:00", "end-time": "3:00" };

describe("A requested reboot", () => {
  afterEach(story.stop);

  it("takes place although the machine needs none, and is over then", async () => {
    await start();
    await pass(3000);
    await request("new firmware");
    await until("n1 has rebooted", isRebooted, 5 * minute);
    assert.equal(await requested(), undefined);
    assert.ok(saysOf("a reboot is requested: new firmware"));
    await pass(30 * minute);
    assert.equal(boots(), 2);
  });

  it("waits for the window, and does not where it is urgent", async () => {
    await start(closedWindow);
    await pass(3000);
    await request("new firmware");
    await pass(10 * minute);
    assert.deepEqual([await phase(), boots()], ["Waiting", 1]);
    await request("urgent: CVE-2026-1");
    await until("n1 has rebooted", isRebooted, 5 * minute);
    assert.equal(await requested(), undefined);
  });

  it("does not go past a pause, however urgent it is", async () => {
    await start();
    await patchNode({ metadata: { annotations: { "rebootd.dev/paused": "mine" } } });
    await pass(3000);
    await request("urgent");
    await pass(10 * minute);
    assert.deepEqual([await phase(), boots()], ["Waiting", 1]);
  });

  it("that is taken back while the node is drained does not take place", async () => {
    await start({ "reboot-delay": "20s" });
    await addPod("web");
    await pass(3000);
    await request("true");
    await until("it drains", async () => (await phase()) === "Draining");
    await request(null);
    await until("it is given back", async () => (await phase()) === "Idle", minute);
    assert.equal(boots(), 1);
  });

  it("does not wait for the rest after a failure", async () => {
    await start({ "drain-timeout": "1m" });
    await addPod("web", { finalizers: ["example.com/hold"] });
    await pass(3000);
    await request("once");
    await until("it has failed", async () => (await phase()) === "Failed");
    await request("again");
    await until("it drains again", async () => (await phase()) === "Draining", 30_000);
  });
});
