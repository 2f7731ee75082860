import assert from "node:assert/strict";
import { createStory, minute } from "./story.ts";

const story = createStory();
const { pass, patchNode, phase, reasons, setLock, start, until, wantReboot } = story;

const said = async () => (await reasons()).join();

describe("The text on a Node that waits", () => {
  afterEach(story.stop);

  it("is right within seconds of a start with other options", async () => {
    await start({ "start-time": "2:00", "end-time": "3:00", "time-zone": "UTC" });
    await wantReboot();
    await until("it waits", async () => (await phase()) === "Waiting");
    assert.match(await said(), /opens next at 2026-11-25T02:00/);
    await story.world.restartDaemons({ "start-time": "5:00", "end-time": "6:00", "time-zone": "UTC" }, [
      "n1",
    ]);
    await until(
      "it says the new window",
      async () => /opens next at 2026-11-25T05:00/.test(await said()),
      30_000,
    );
  });

  it("has the reason of a second pause within a minute", async () => {
    await start();
    const pause = (why: string) => patchNode({ metadata: { annotations: { "rebootd.dev/paused": why } } });
    await pause("disk");
    await wantReboot();
    await until("it waits", async () => /paused: disk/.test(await said()));
    await pause("fan");
    await until("it says the new reason", async () => /paused: fan/.test(await said()), 61_000);
  });

  it("has the reason of a second lock within a minute or two", async () => {
    await start();
    const lock = (reason: string) => setLock(JSON.stringify({ nodeID: "manual", reason }));
    await lock("old");
    await wantReboot();
    await until("it waits", async () => /locked manually: old/.test(await said()));
    await lock("new");
    await until("it says the new reason", async () => /locked manually: new/.test(await said()), 62_000);
  });

  it("costs a few writes an hour where it keeps changing", async () => {
    await start();
    const pause = (why: string) => patchNode({ metadata: { annotations: { "rebootd.dev/paused": why } } });
    await pause("0");
    await patchNode({ metadata: { annotations: { "rebootd.dev/paused": "x" } } });
    await wantReboot();
    await pass(minute);
    const writes = { record: 0, conditions: 0 };
    story.world.onDaemonRequest = (_, { method, path }) => {
      if (method === "PATCH") writes[path.endsWith("/status") ? "conditions" : "record"] += 1;
    };
    for (let second = 0; second < 3600; second += 20) {
      await pause(`attempt ${second}`);
      await pass(20_000);
    }
    for (const count of Object.values(writes)) assert.ok(count >= 6 && count <= 10, JSON.stringify(writes));
  });
});
