import assert from "node:assert/strict";
import { createStory, minute } from "./story.ts";

const story = createStory();
const { isRebooted, pass, patchNode, saysOf, start, until, wantReboot } = story;

const since = String.raw`cycle since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`;

/** The announcements and when machines go down, in order. */
function watch(): string[] {
  const seen: string[] = [];
  story.world.onAnnouncement = (node, text) => seen.push(`${node}: ${text}`);
  story.world.onMachineEvent = ({ type, machine }) => {
    if (type === "going-down") seen.push(`${machine} goes down`);
  };
  return seen;
}

describe("The people of a machine", () => {
  afterEach(story.stop);

  it("are told who reboots it and why, once, before it goes down", async () => {
    await start();
    const seen = watch();
    await pass(3000);
    await patchNode({ metadata: { annotations: { "rebootd.dev/reboot-requested": "new firmware" } } });
    await until("n1 has rebooted", isRebooted, 5 * minute);
    assert.equal(seen.length, 2, seen.join("\n"));
    assert.match(`${seen[0]}`, new RegExp(`^n1: rebooting node n1: requested: new firmware; ${since}$`));
    assert.equal(seen[1], "n1 goes down");
  });

  it("are not told of a reboot that does not come", async () => {
    await start({ "reboot-delay": "20s" });
    const seen = watch();
    await wantReboot();
    await pass(10_000);
    story.world.machine("n1").unwantReboot();
    await pass(5 * minute);
    assert.deepEqual(seen, []);
  });

  it("do not keep it up if they cannot be told, which the log says", async () => {
    await start();
    story.world.onAnnouncement = () => assert.fail("the journal hangs");
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 5 * minute);
    assert.ok(saysOf("announcing the reboot on the machine failed: the journal hangs"));
  });
});
