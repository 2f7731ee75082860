import assert from "node:assert/strict";
import { contract } from "../../daemon/annotations/names.ts";
import { checkSeeds } from "./mixed-lock-each-seed.ts";
import { draw } from "./mixed-lock-story.ts";
import { importWithBug } from "./storm/plant.ts";
import { createStory, minute } from "./story.ts";

const story = createStory();
const { look, node, pass, until } = story;
const daemonSet = "/apis/apps/v1/namespaces/kube-system/daemonsets/kured";
const kuredsKey = contract.kuredLock.key;

/** As kured writes it, whatever is there. */
async function overwriteLock(value: object | null): Promise<void> {
  const annotations = { [kuredsKey]: value === null ? null : JSON.stringify(value) };
  await story.world.api.patch(daemonSet, { metadata: { annotations } }, story.world);
}

const start = (nodes: number, concurrency: string, more = {}) =>
  story.start(
    { "ds-name": "kured", "ds-namespace": "kube-system", concurrency, ...more },
    { nodes, rights: "kured" },
  );

const boots = () => story.world.machines.map((machine) => machine.boots.length);
const byKured = {
  nodeID: "n2",
  metadata: { unschedulable: false },
  created: "2026-11-24T11:59:00.123456789Z",
};

describe("Five nodes with kured and five with rebootd share a lock, while much goes wrong", () => {
  checkSeeds(1, 6);

  it("and a bug is found: an entry that kured has written again is not known for one's own", async () => {
    const bug = {
      name: "an entry is known by the fields of rebootd alone",
      file: "lock/lock.ts",
      edits: [["created.endsWith(ownNanoseconds)", "false"]],
    } as const;
    const { play } = await importWithBug<typeof import("./mixed-lock-story.ts")>(
      bug,
      "../mixed-lock-story.ts",
    );
    const found: string[] = [];
    for (const seed of [6, 9, 10]) found.push(...(await play(draw(seed))).problems);
    assert.ok(
      found.some((one) => one.endsWith("is still in the lock")),
      found.join(),
    );
  });

  it("and a bug is found: a node enters beside the holder of a full lock", async () => {
    const bug = {
      name: "a full lock is not full",
      file: "lock/limits.ts",
      edits: [
        ["if (others.length < limit) return undefined;", "if (others.length < limit + 1) return undefined;"],
      ],
    } as const;
    const { play } = await importWithBug<typeof import("./mixed-lock-story.ts")>(
      bug,
      "../mixed-lock-story.ts",
    );
    const { problems } = await play(draw(1));
    assert.ok(
      problems.some((one) => one.includes("nodes are in the lock")),
      problems.join(),
    );
  });
});

/** Here no program can hold the limit; rebootd at least breaks none by itself, and leaves nothing behind. */
describe("What kured does to a lock that it reads in the other shape", () => {
  afterEach(story.stop);

  it("a kured for several overwrites the entry of an only holder: rebootd does not reboot without it, and restores", async () => {
    await start(2, "1", { "reboot-delay": "1m" });
    node("n1").wantsReboot();
    await until("n1 is drained", async () => (await look()).cordoned.includes("n1"));
    await overwriteLock({ maxOwners: 2, locks: [{ ...byKured, TTL: 0 }] });
    await pass(10 * minute);
    assert.deepEqual(boots(), [1, 1]);
    assert.deepEqual((await look()).cordoned, []);
    assert.match((await look()).lock ?? "", /"n2"/);
    await overwriteLock(null);
    await pass(10 * minute);
    assert.deepEqual(boots(), [2, 1]);
  });

  it("a machine that is down then puts its entry back beside it, and releases only that", async () => {
    await start(2, "2");
    story.world.machine("n1").behaviour.downMs = 2 * minute;
    node("n1").wantsReboot();
    await until("n1 is down", async () => !story.world.machine("n1").isUp);
    await overwriteLock({ maxOwners: 2, locks: [{ ...byKured, TTL: 0 }] });
    await until("n1 is back", async () => story.world.machine("n1").isUp);
    await pass(5000);
    assert.match((await look()).lock ?? "", /"n2".*"n1"/);
    await pass(3 * minute);
    assert.deepEqual(boots(), [2, 1]);
    assert.match((await look()).lock ?? "", /"n2"/);
    assert.doesNotMatch((await look()).lock ?? "", /"n1"/);
  });

  it("the entry of an only holder is not overwritten by a rebootd for several: kured would not find it again", async () => {
    await start(2, "2");
    await overwriteLock({ ...byKured, TTL: 0 });
    node("n1").wantsReboot();
    await pass(10 * minute);
    assert.deepEqual(boots(), [1, 1]);
    assert.deepEqual(JSON.parse((await look()).lock ?? "{}"), { ...byKured, TTL: 0 });
  });

  it("a lock by hand, which a kured for several overwrites, stops rebootd for as long as it is there", async () => {
    await start(2, "2");
    await overwriteLock({ nodeID: "manual" });
    node("n1").wantsReboot();
    await pass(10 * minute);
    assert.deepEqual([boots(), (await look()).lock], [[1, 1], '{"nodeID":"manual"}']);
  });
});
