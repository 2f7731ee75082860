import assert from "node:assert/strict";
import { ownConditions } from "../../daemon/annotations/conditions.ts";
import { createStory, minute } from "./story.ts";

const story = createStory();
const { addPod, boots, node, pass, phase, readNode, saysOf, start, until } = story;

const hour = 60 * minute;
const options = { "max-uptime": "1d", "reboot-delay": "1m" };

/** The machines have been up for so long already; their daemons start anew. */
async function haveBeenUpFor(ms: number, names: readonly string[] = ["n1"]): Promise<void> {
  for (const name of names) {
    const { machine } = node(name);
    const [boot] = machine.boots;
    assert.ok(boot);
    boot.bootedAt -= ms;
    machine.crashDaemon();
  }
  await pass(minute);
}

/** How long a machine was up before its first reboot, in hours. */
function wasUpFor(name: string): number {
  const [boot] = node(name).machine.boots;
  return ((boot?.downAt ?? Number.NaN) - (boot?.bootedAt ?? Number.NaN)) / hour;
}

describe("A node with --max-uptime", () => {
  afterEach(story.stop);

  it("reboots once in the last fifth of that time, and says why", async () => {
    await start(options);
    await haveBeenUpFor(19 * hour);
    assert.deepEqual([await phase(), boots()], ["Idle", 1]);
    await until("it drains", async () => (await phase()) === "Draining", 5 * hour);
    await pass(5000);
    const { RebootRequired } = ownConditions((await readNode()).status?.conditions);
    assert.equal(RebootRequired?.reason, "MaxUptime");
    assert.match(RebootRequired?.message ?? "", /up for more than \d\dh, due by --max-uptime=24h$/);
    await until("it has rebooted", async () => boots() === 2 && (await phase()) === "Idle", 5 * minute);
    await pass(2 * hour);
    assert.equal(boots(), 2);
  });

  it("is due at a moment of its own, though the fleet was started together", async () => {
    const names = ["n1", "n2", "n3"];
    await start({ "max-uptime": "1d" }, { nodes: names.length });
    await haveBeenUpFor(19 * hour, names);
    await until("all have", () => names.every((name) => node(name).machine.boots.length === 2), 6 * hour);
    const hours = names.map(wasUpFor);
    assert.ok(
      hours.every((one) => one > 19.2 && one < 24.1),
      hours.join(),
    );
    // One after the other they would be done within minutes.
    assert.ok(Math.max(...hours) - Math.min(...hours) > 0.5, hours.join());
  });

  it("is due at the same moment after a restart of its daemon, and whatever its clock is set to", async () => {
    await start(options);
    await haveBeenUpFor(18 * hour);
    story.world.clockOf("n1").step(90 * 24 * hour);
    await pass(minute);
    node("n1").machine.crashDaemon();
    await pass(minute);
    assert.deepEqual([await phase(), boots()], ["Idle", 1]);
    story.world.clockOf("n1").step(-120 * 24 * hour);
    await until("it has rebooted", () => boots() === 2, 6 * hour);
    assert.ok(wasUpFor("n1") > 19.2);
    assert.ok(saysOf("due by --max-uptime=24h"));
  });

  it("asks nobody until then", async () => {
    const requests = async (given: object) => {
      await start(given);
      await haveBeenUpFor(16 * hour);
      let count = 0;
      story.world.onDaemonRequest = () => {
        count += 1;
      };
      await pass(2 * hour);
      await story.stop();
      return count;
    };
    assert.equal(await requests(options), await requests({}));
  });

  it("waits for its gates as for any other need", async () => {
    await start({ ...options, "blocking-pod-selector": ["app=batch"] });
    await addPod("batch");
    await haveBeenUpFor(24 * hour);
    await until("it waits", async () => (await phase()) === "Waiting", minute);
    await pass(hour);
    assert.equal(boots(), 1);
  });
});
