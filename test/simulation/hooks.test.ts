import assert from "node:assert/strict";
import { createStory, minute } from "./story.ts";

const story = createStory();
const {
  addPod,
  boots,
  isRebooted,
  look,
  pass,
  patchNode,
  phase,
  podsOn,
  readNode,
  record,
  start,
  until,
  wantReboot,
} = story;

const hook = "example.com/backup-done";
const hooked = { "before-reboot-hooks": [hook], "before-reboot-hooks-timeout": "5m" };

const hookOnNode = async () => (await readNode()).metadata?.annotations?.[hook];
const setHook = (value: string) => patchNode({ metadata: { annotations: { [hook]: value } } });

describe("A node with hooks before the reboot", () => {
  afterEach(story.stop);

  it("calls them once it is drained, says what it waits for, and reboots as soon as they are done", async () => {
    await start(hooked);
    await setHook("true");
    await addPod("web");
    await wantReboot();
    await until("the hook is called", async () => (await hookOnNode()) === "waiting", 2 * minute);
    assert.deepEqual(await podsOn("n1"), []);
    await pass(minute);
    assert.equal(boots(), 1);
    assert.deepEqual(
      (await record())?.reasons.map(({ gate, code }) => `${gate} ${code}`),
      ["hooks before"],
    );
    await setHook("true");
    await until("n1 has rebooted", isRebooted, 2 * minute);
    assert.equal(await hookOnNode(), undefined);
  });

  it("gives the node back where they are late, as a failure, and leaves nothing of them", async () => {
    await start(hooked);
    await wantReboot();
    await until("it has failed", async () => (await phase()) === "Failed", 400_000);
    assert.equal(boots(), 1);
    assert.match(
      (await record())?.outcome?.message ?? "",
      /backup-done, for longer than --before-reboot-hooks-timeout/,
    );
    assert.equal(await hookOnNode(), undefined);
    const { cordoned, lock } = await look();
    assert.deepEqual([cordoned, lock], [[], undefined]);
  });

  it("reboots without them where they are late, if that is said", async () => {
    await start({ ...hooked, "before-reboot-hooks-late": "go-on" });
    await wantReboot();
    await until("the hook is called", async () => (await hookOnNode()) === "waiting", 2 * minute);
    await pass(4 * minute);
    assert.equal(boots(), 1);
    await until("n1 has rebooted", isRebooted, 2 * minute);
  });
});
