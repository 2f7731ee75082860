/** What the metrics of real daemons tell of their cycles, whatever is started anew. */
import assert from "node:assert/strict";
import { createStory, minute, pods } from "./story.ts";

const story = createStory();
const { addBudget, addPod, boots, isRebooted, pass, patchNode, phase, setLock, start, until, wantReboot } =
  story;

/** The series of the daemon that was started last, without the label that all have. */
async function series(...names: string[]): Promise<Record<string, number>> {
  const metrics = story.world.metrics.at(-1) ?? assert.fail("there was no daemon");
  const lines = (await metrics.registry.metrics()).split("\n");
  const asked = lines.filter((line) => names.some((name) => line.startsWith(`rebootd_${name}{`)));
  return Object.fromEntries(
    asked.map((line) => {
      const [, name = "", labels, value] = /^rebootd_(.*)\{(.*?),?node="n\d"\} (.*)$/.exec(line) ?? [];
      return [labels === "" ? name : `${name}{${labels}}`, Number(value)];
    }),
  );
}

const figures = () => series("cycles_total", "cycle_duration_seconds_sum", "cycle_duration_seconds_count");
const cycles = async () => Object.values(await series("cycles_total"));
const durations = async () => Object.values(await series("cycle_duration_seconds_count"));

describe("The counts of cycles", () => {
  afterEach(story.stop);

  it("outlive the daemon and the machine", async () => {
    await start({ preflight: "off", "drain-timeout": "2m" });
    assert.deepEqual(await cycles(), [0, 0, 0]);
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 5 * minute);
    assert.deepEqual(
      [await cycles(), await durations()],
      [
        [1, 0, 0],
        [1, 1, 1, 1],
      ],
    );
    const { last_reboot_timestamp_seconds: rebootedAt = 0 } = await series("last_reboot_timestamp_seconds");
    assert.ok(story.world.time.clock.wall() / 1000 - rebootedAt < 5 * 60);

    await addPod("db");
    await addBudget("db");
    await wantReboot();
    await until("the drain has failed", async () => (await phase()) === "Failed", 5 * minute);
    assert.deepEqual(
      [await cycles(), await durations()],
      [
        [1, 1, 0],
        [2, 1, 1, 1],
      ],
    );

    const before = await figures();
    const daemons = story.world.metrics.length;
    story.world.restartDaemon("n1", { preflight: "off" });
    await pass(3000);
    assert.equal(story.world.metrics.length, daemons + 1);
    assert.deepEqual(await figures(), before);
    await story.world.api.delete(`${pods}/db`, {}, story.world);
    await until(
      "n1 has rebooted again",
      async () => boots() === 3 && (await phase()) === "Idle",
      10 * minute,
    );
    assert.equal(story.world.metrics.length, daemons + 2);
    assert.deepEqual(
      [await cycles(), await durations()],
      [
        [2, 1, 0],
        [3, 2, 2, 2],
      ],
    );
    const { last_reboot_timestamp_seconds: again = 0 } = await series("last_reboot_timestamp_seconds");
    assert.ok(again > rebootedAt);
  });

  it("are not there while the record cannot be read, so that 0 follows no number", async () => {
    await start();
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 5 * minute);
    story.world.setAway("test", true);
    story.world.restartDaemon("n1", {});
    await pass(minute);
    assert.deepEqual(await figures(), {});
    story.world.setAway("test", false);
    await pass(3 * minute);
    assert.deepEqual(await cycles(), [1, 0, 0]);
  });
});

describe("The metrics of a cycle", () => {
  afterEach(story.stop);

  it("count the answers to evictions and the writes of the lock", async () => {
    await start({ preflight: "off", "drain-timeout": "20m" });
    await addPod("db");
    await addBudget("db");
    await addPod("web");
    await wantReboot();
    await pass(minute);
    const answers = await series("eviction_responses_total");
    assert.equal(answers['eviction_responses_total{code="201"}'], 1);
    assert.ok((answers['eviction_responses_total{code="429"}'] ?? 0) >= 1);
    assert.equal(answers['eviction_responses_total{code="none"}'], 0);
    assert.deepEqual(Object.values(await series("lock_writes_total")), [1, 0, 0]);
    assert.deepEqual(Object.values(await series("slots_allowed", "slots_held")), [1, 1]);
  });

  it("show since when the node needs a reboot, what blocks it, and the next window", async () => {
    await start({ window: "0 22 * * * for 4h", "window-margin": "0", "blocking-pod-selector": "app=job" });
    await addPod("job");
    await wantReboot();
    await pass(minute);
    const now = story.world.time.clock.wall();
    const next = new Date(now).setUTCHours(22, 0, 0, 0) / 1000;
    const { reboot_required_since_timestamp_seconds: since = 0, ...rest } = await series(
      ...["reboot_required", "reboot_required_since_timestamp_seconds", "blocking_pods"],
      ...["window_open", "window_next_open_timestamp_seconds", "window_next_close_timestamp_seconds"],
    );
    assert.ok(since <= now / 1000 && since > now / 1000 - 90, `since ${since}`);
    assert.deepEqual(rest, {
      reboot_required: 1,
      blocking_pods: 1,
      window_open: 0,
      window_next_open_timestamp_seconds: next,
      window_next_close_timestamp_seconds: next + 4 * 3600,
    });
  });

  it("show a pause of the node, though it needs no reboot, until the pause ends by itself", async () => {
    await start();
    const end = new Date(story.world.time.clock.wall() + 10 * minute).toISOString();
    await patchNode({ metadata: { annotations: { "rebootd.dev/paused": `until ${end}: disks` } } });
    await pass(5000);
    assert.deepEqual(await series("paused"), { paused: 1 });
    await pass(10 * minute);
    assert.deepEqual(await series("paused"), { paused: 0 });
  });

  it("show the slots only while the node waits for one or holds one", async () => {
    await start();
    await pass(minute);
    assert.deepEqual(await series("slots_held"), { slots_held: Number.NaN });
    const others = ["n7", "n8"].map((nodeID) => ({ nodeID, created: "2026-11-24T12:00:00Z" }));
    await setLock(JSON.stringify({ maxOwners: 2, locks: others }));
    for (const { nodeID } of others)
      await story.world.api.create("/api/v1/nodes", { metadata: { name: nodeID } }, story.world);
    await wantReboot();
    await pass(minute);
    assert.deepEqual(await series("slots_allowed", "slots_held"), { slots_allowed: 1, slots_held: 2 });
  });
});
