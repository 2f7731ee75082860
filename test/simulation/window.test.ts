import assert from "node:assert/strict";
import type { RawOptions } from "../../daemon/config/settings.ts";
import { createStory, minute } from "./story.ts";

const story = createStory();
const {
  addPod,
  boots,
  evictions,
  isRebooted,
  look,
  node,
  pass,
  phase,
  reasons,
  record,
  saysOf,
  setLock,
  start,
  until,
  wantReboot,
} = story;

/** Stories begin on Tuesday 2026-11-24, a few seconds after noon. */
async function clockShows(time: string): Promise<void> {
  const ms = Date.parse(`2026-11-${time}Z`) - story.world.time.clock.wall();
  assert.ok(ms >= 0, `it is ${new Date(story.world.time.clock.wall()).toISOString()} already`);
  await pass(ms);
}

async function isAsFound(): Promise<void> {
  const { phases, cordoned, lock } = await look();
  assert.deepEqual([phases["n1"], cordoned, lock, boots()], ["Waiting", [], undefined, 1]);
}

/** A window from noon until five past, and again at two, with no margin. */
const fiveMinutes: RawOptions = { window: "0 12,14 * * * for 5m", "window-margin": "0" };
/** Its pod cannot go before that is taken away. */
const held = { finalizers: ["example.com/backup"] };
const letGo = () =>
  story.world.api.patch(
    "/api/v1/namespaces/default/pods/db",
    { metadata: { finalizers: null } },
    { signal: story.world.signal },
  );

describe("A node outside its window", () => {
  afterEach(story.stop);

  it("does not start, says when it will, and starts at that moment", async () => {
    await start({ window: ["0 2 * * sat for 4h", "30 13 * * tue for 1h"] });
    await wantReboot();
    await clockShows("24T13:29:59");
    assert.deepEqual(await reasons(), [
      "window (outside): outside the maintenance window, which opens next at 2026-11-24T13:30:00.000Z",
    ]);
    await isAsFound();
    await clockShows("24T13:30:01");
    assert.equal(await phase(), "Draining");
    await until("n1 has rebooted", isRebooted);
  });

  it("does not start on a day on which none is open, and says until when", async () => {
    await start({ blackout: ["2026-11-20..2026-11-23", "2026-11-24"] });
    await wantReboot();
    await clockShows("24T23:59:59");
    assert.deepEqual(await reasons(), [
      "window (blackout): in a blackout until 2026-11-25T00:00:00.000Z; the maintenance window opens next at 2026-11-25T00:00:00.000Z",
    ]);
    await clockShows("25T00:00:01");
    assert.equal(await phase(), "Draining");
  });

  it("asks nobody while it waits", async () => {
    await start({ window: "0 2 * * sat for 4h" });
    await wantReboot();
    await pass(minute);
    story.world.server.ledger.clear();
    await pass(30 * minute);
    assert.deepEqual(
      story.world.server.ledger.entries({ user: "system:serviceaccount:kube-system:rebootd" }),
      [],
    );
  });
});

describe("A window that is about to close", () => {
  afterEach(story.stop);

  const office = { window: "0 12,14 * * * for 1h", "drain-timeout": "10m" };

  it("lets a node start as long as its drain has time", async () => {
    await start(office);
    await clockShows("24T12:49:50");
    await wantReboot();
    await pass(1000);
    assert.equal(await phase(), "Draining");
  });

  it("does not let one start later, which waits for the next", async () => {
    await start(office);
    await clockShows("24T12:49:57");
    await wantReboot();
    await pass(3000);
    assert.deepEqual(await reasons(), [
      "window (too-short): the maintenance window is open until 2026-11-24T13:00:00.000Z, too short for a cycle, which may take 600 s; it opens next at 2026-11-24T14:00:00.000Z",
    ]);
    await clockShows("24T13:00:01");
    assert.match(String(await reasons()), /^window \(outside\): /);
    await clockShows("24T14:00:01");
    assert.equal(await phase(), "Draining");
  });

  it("is of more use to a node that drained quickly the last time", async () => {
    await start(office);
    await wantReboot();
    await until("n1 has rebooted", isRebooted);
    await clockShows("24T12:57:00");
    node("n1").wantsReboot();
    await until("n1 reboots again", async () => boots() === 3, minute);
  });

  it("is seen by a node that waits for its turn", async () => {
    await start({ ...office, "window-margin": "5m" });
    await setLock('{"nodeID":"manual"}');
    await wantReboot();
    await clockShows("24T12:54:59");
    assert.match(String(await reasons()), /^lock /);
    await clockShows("24T12:55:01");
    assert.match(String(await reasons()), /^window \(too-short\)/);
  });
});

describe("A window that closes", () => {
  afterEach(story.stop);

  it("while the slot is asked for keeps the node from being cordoned", async () => {
    await start(fiveMinutes);
    const match = {
      verb: "patch",
      resource: "leases",
      name: "rebootd",
      where: ({ user }: { user: string }) => user !== "kubernetes-admin",
    };
    const slow = story.world.server.faults.add({ match, times: 1, effect: { latencyMs: 8000 } });
    await clockShows("24T12:04:52");
    await wantReboot();
    await until("it has given the slot back", async () => saysOf("outside the maintenance window"), 30_000);
    await pass(2000);
    assert.equal(slow.hits, 1);
    await isAsFound();
    assert.deepEqual(evictions(), []);
    assert.equal((await record())?.outcome, undefined);
  });

  it("in mid-drain has the node given back, which is no failure, and drained in the next window", async () => {
    await start(fiveMinutes);
    await addPod("db", held);
    await wantReboot();
    await clockShows("24T12:04:59");
    assert.equal(await phase(), "Draining");
    await clockShows("24T12:05:01");
    await isAsFound();
    const { failures, outcome } = (await record()) ?? {};
    assert.deepEqual([failures, outcome?.result], [0, "withdrawn"]);
    assert.match(
      outcome?.message ?? "",
      /^outside the maintenance window, which opens next at 2026-11-24T14:00/,
    );
    await letGo();
    await clockShows("24T13:59:59");
    await isAsFound();
    await pass(1000);
    await until("n1 has rebooted", isRebooted);
  });

  it("because a blackout begins has the node given back as well", async () => {
    await start({ window: "0 23 * * * for 2h", "window-margin": "0", blackout: "2026-11-25" });
    await addPod("db", held);
    await clockShows("24T23:55:00");
    await wantReboot();
    await clockShows("24T23:59:59");
    assert.equal(await phase(), "Draining");
    await clockShows("25T00:00:01");
    await isAsFound();
    assert.match(String(await reasons()), /^window \(blackout\)/);
  });

  it("just before the reboot has the node given back", async () => {
    await start({ ...fiveMinutes, "reboot-delay": "4m" });
    await addPod("web");
    await clockShows("24T12:02:00");
    await wantReboot();
    await clockShows("24T12:04:59");
    assert.ok((await phase()) === "Draining" && evictions().length === 1);
    await clockShows("24T12:05:01");
    await isAsFound();
  });

  it("while the node is down or comes back is of no matter", async () => {
    await start({ ...fiveMinutes, "ready-settle": "30s" });
    await clockShows("24T12:04:45");
    await wantReboot();
    await until("it returns", async () => (await phase()) === "Returning", minute);
    assert.ok(story.world.time.clock.wall() > Date.parse("2026-11-24T12:05:00Z"));
    await until("n1 has rebooted", isRebooted);
    assert.deepEqual((await look()).cordoned, []);
    assert.equal((await look()).lock, undefined);
  });
});

describe("A cycle that is to be finished", () => {
  afterEach(story.stop);

  const finish = { ...fiveMinutes, "window-end": "finish" };

  it("goes on when the window closes in mid-drain", async () => {
    await start(finish);
    await addPod("db", held);
    await wantReboot();
    await clockShows("24T12:09:00");
    assert.equal(await phase(), "Draining");
    await letGo();
    await until("n1 has rebooted", isRebooted, 2 * minute);
  });

  it("goes on when it closes just before the reboot", async () => {
    await start({ ...finish, "reboot-delay": "4m" });
    await clockShows("24T12:02:00");
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 400_000);
  });

  it("does not begin outside", async () => {
    await start(finish);
    await clockShows("24T12:05:00");
    await wantReboot();
    await pass(10 * minute);
    await isAsFound();
  });
});
