import assert from "node:assert/strict";
import type { RawOptions } from "../../daemon/config/settings.ts";
import type { HttpPost } from "../../daemon/prometheus/server.ts";
import { answering, alert as firing, vector } from "../prometheus/servers.ts";
import { createStory, minute } from "./story.ts";

const story = createStory();
const {
  addPod,
  asSlotIsTaken,
  boots,
  isRebooted,
  look,
  node,
  pass,
  phase,
  reasons,
  saysOf,
  setCordon,
  start,
  until,
  wantReboot,
} = story;

const prometheusUrl = "http://prometheus:9090";
const hour = 60 * minute;

/** What Prometheus answers, for the stories to change; and when it was asked, in milliseconds. */
let prometheus: HttpPost;
let askedAt: number[];

const diskFull = vector(firing("DiskFull"));

async function startWatched(options: RawOptions = {}, nodes = 1): Promise<void> {
  prometheus = vector();
  askedAt = [];
  await start(
    { "prometheus-url": prometheusUrl, ...options },
    {
      nodes,
      post: (...question) => {
        askedAt.push(story.world.time.clock.wall());
        return prometheus(...question);
      },
    },
  );
}

/** The shortest time between two questions, in milliseconds. */
const shortestPause = () =>
  Math.min(...askedAt.slice(1).map((time, index) => time - (askedAt[index] ?? Number.NaN)));

describe("With alerts", () => {
  afterEach(story.stop);

  it("a node that needs no reboot asks nobody", async () => {
    await startWatched();
    await pass(5 * hour);
    assert.deepEqual(askedAt, []);
  });

  it("that are active before the slot is asked for a node waits, says why, asks once a minute, and starts when they are over", async () => {
    await startWatched();
    prometheus = diskFull;
    await wantReboot();
    await pass(30 * minute);
    assert.deepEqual(await reasons(), ["alerts (active): 1 alert is active: DiskFull"]);
    assert.deepEqual([boots(), (await look()).lock], [1, undefined]);
    assert.ok(askedAt.length >= 29 && askedAt.length <= 31, `${askedAt.length} questions`);
    assert.ok(shortestPause() >= minute, `${shortestPause()} ms`);
    prometheus = vector();
    await until("n1 has rebooted", isRebooted, 90_000);
  });

  it("that begin while the slot is held, before the cordon, the slot goes back at once", async () => {
    await startWatched();
    const lockWrites = asSlotIsTaken(() => {
      prometheus = diskFull;
    });
    await wantReboot();
    await pass(10_000);
    assert.equal(lockWrites(), 2, "taken and given back");
    assert.deepEqual([await phase(), (await look()).lock], ["Waiting", undefined]);
    assert.ok(!saysOf("Draining"));
    story.world.onDaemonRequest = () => {};
    prometheus = vector();
    await until("n1 has rebooted", isRebooted, 2 * minute);
  });

  it("that begin in mid-drain the drain goes on, as it raises alerts itself", async () => {
    await startWatched({ "reboot-delay": "5m" });
    await addPod("web");
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining");
    prometheus = diskFull;
    const before = askedAt.length;
    await until("n1 has rebooted", isRebooted, 10 * minute);
    assert.equal(askedAt.length, before);
  });

  it("that begin just before the reboot it goes on, too", async () => {
    await startWatched();
    await wantReboot();
    await until("it is about to reboot", async () => (await phase()) === "Rebooting");
    prometheus = diskFull;
    await until("n1 has rebooted", isRebooted, 2 * minute);
  });

  it("that a drain which was undone has raised, the next cycle waits", async () => {
    await startWatched({ "reboot-delay": "5m" });
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining");
    prometheus = diskFull;
    await setCordon(null);
    await pass(5000);
    await setCordon(null);
    await until("it waits", async () => (await phase()) === "Waiting", 5 * minute);
    assert.deepEqual(await reasons(), ["alerts (active): 1 alert is active: DiskFull"]);
  });

  it("a node that only waits for a slot asks nobody, however often it looks", async () => {
    await startWatched({ "reboot-delay": "10m", period: "1m" }, 3);
    await pass(3000);
    node("n1").wantsReboot();
    await until("n1 drains", async () => (await phase()) === "Draining");
    for (const name of ["n2", "n3"]) node(name).wantsReboot();
    await pass(5000);
    askedAt = [];
    await pass(9 * minute);
    // The watch of the lock shows that it is taken; the servers are asked again when it is not.
    assert.deepEqual(askedAt, []);
  });
});

describe("A Prometheus that cannot be asked", () => {
  afterEach(story.stop);

  it("keeps a node from starting, is asked once a minute, and named on the Node", async () => {
    await startWatched({ "block-on-query": "up == 0" });
    prometheus = answering(503, "starting up");
    await wantReboot();
    await pass(10 * minute);
    const why = "Prometheus at http://prometheus:9090 answered 503: starting up";
    assert.deepEqual(await reasons(), [
      `alerts (cannot-tell): cannot tell: ${why}`,
      `queries (cannot-tell): the query up == 0: cannot tell: ${why}`,
    ]);
    assert.equal(boots(), 1);
    assert.ok(askedAt.length <= 2 * 11, `${askedAt.length} questions`);
    prometheus = vector();
    await until("n1 has rebooted", isRebooted, 90_000);
  });

  it("and that never answers keeps nobody longer than its timeout", async () => {
    await startWatched({ "prometheus-timeout": "40s" });
    prometheus = () => new Promise(() => {});
    await wantReboot();
    await pass(42_000);
    assert.deepEqual(await reasons(), [
      "alerts (timeout): cannot tell: Prometheus at http://prometheus:9090 has not answered within 40 s",
    ]);
    prometheus = vector();
    await until("n1 has rebooted", isRebooted, 2 * minute);
  });
});

describe("With --alerts-max-age", () => {
  afterEach(story.stop);

  it("a node waits so long for chronic alerts, then reboots and says what it let pass", async () => {
    await startWatched({ "alerts-max-age": "2h" });
    prometheus = diskFull;
    await wantReboot();
    await pass(2 * hour - 2 * minute);
    assert.deepEqual([await phase(), boots()], ["Waiting", 1]);
    await until("n1 has rebooted", isRebooted, 5 * minute);
    const said = story.world.logs.filter((line) => line.includes("--alerts-max-age"));
    assert.equal(said.length, 1);
    assert.match(
      said[0] ?? "",
      /WARN .* .*; the gate alerts no longer blocks .*: 1 alert is active: DiskFull$/,
    );
  });
});
