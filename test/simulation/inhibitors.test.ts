import assert from "node:assert/strict";
import { contract } from "../../daemon/annotations/names.ts";
import type { RawOptions } from "../../daemon/config/settings.ts";
import { parseRecord } from "../../daemon/cycle/record.ts";
import type { Inhibitor, Session } from "../../daemon/host/logind/logind.ts";
import { createStory, minute } from "./story.ts";

const story = createStory();
const {
  addBudget,
  addPod,
  boots,
  isRebooted,
  look,
  pass,
  patchNode,
  phase,
  podsOn,
  readNode,
  setLock,
  start: startStory,
  until,
  wantReboot,
} = story;

/** What logind of n1 knows; it may also be dumb. */
let held: Inhibitor[];
let sessions: Session[];
let isDumb: boolean;

const answering = <T>(list: () => T) => (isDumb ? new Promise<T>(() => {}) : Promise.resolve(list()));
const logind = {
  listInhibitors: () => answering(() => held),
  listSessions: () => answering(() => sessions),
  isShuttingDown: async () => false,
};
const flashing: Inhibitor = {
  what: "shutdown",
  who: "fwupd",
  why: "Flashing firmware",
  mode: "block",
  uid: 0,
  pid: 7,
};
const says = "shutdowns are blocked by fwupd (Flashing firmware)";

const start = (options: RawOptions = {}) => startStory(options, { logind });
const record = async () => parseRecord((await readNode()).metadata?.annotations?.[contract.cycle.key]).record;
const reasons = async () => (await record())?.reasons.map(({ message }) => message);
const isIn = (wanted: string) => async () => (await phase()) === wanted;
const budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";

async function expectUntouched(): Promise<void> {
  assert.equal(boots(), 1);
  const { cordoned, lock } = await look();
  assert.deepEqual([cordoned, lock], [[], undefined]);
}

/** Something happens at the moment in which the daemon sends the first such request. */
function when(method: string, path: RegExp, body: RegExp, happens: () => void): void {
  story.world.onDaemonRequest = (_, request) => {
    if (request.method !== method || !path.test(request.path)) return;
    if (!body.test(JSON.stringify(request.body))) return;
    story.world.onDaemonRequest = () => {};
    happens();
  };
}

describe("A node whose shutdowns somebody holds back", () => {
  beforeEach(() => {
    held = [];
    sessions = [];
    isDumb = false;
  });
  afterEach(story.stop);

  it("does not start, says who and why, and starts within a minute after that is over", async () => {
    await start();
    held = [flashing];
    await wantReboot();
    await pass(10 * minute);
    assert.deepEqual([await phase(), await reasons()], ["Waiting", [says]]);
    await expectUntouched();
    held = [];
    await pass(minute + 1000);
    assert.notEqual(await phase(), "Waiting");
    await until("n1 has rebooted", isRebooted);
  });

  it("does not start while logind does not answer, and says so", async () => {
    await start();
    isDumb = true;
    await wantReboot();
    await pass(10 * minute);
    assert.equal(await phase(), "Waiting");
    assert.match(
      (await reasons())?.[0] ?? "",
      /^cannot tell: asking the gate inhibitors: timed out after 15 s/,
    );
    await expectUntouched();
    isDumb = false;
    await until("n1 has rebooted", isRebooted);
  });

  it("reboots all the same with --inhibitors=ignore", async () => {
    await start({ inhibitors: "ignore" });
    held = [flashing];
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 2 * minute);
  });

  it("reboots where there is no D-Bus, unless it is told to wait in any case", async () => {
    await startStory();
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 2 * minute);
    await story.stop();
    await startStory({ inhibitors: "wait" });
    await wantReboot();
    await pass(10 * minute);
    assert.match((await reasons())?.[0] ?? "", /^cannot tell: no D-Bus socket at/);
    await expectUntouched();
  });

  it("does not take the slot when that begins while it waits for one", async () => {
    await start();
    await setLock('{"nodeID":"manual"}');
    await wantReboot();
    await pass(minute);
    held = [flashing];
    await setLock(null);
    await pass(5 * minute);
    assert.deepEqual([await phase(), await reasons()], ["Waiting", [says]]);
    await expectUntouched();
  });

  it("gives the slot back before the cordon when that begins as it takes it", async () => {
    await start();
    let taken = false;
    when("PATCH", /leases\/rebootd$/, /n1/, () => {
      held = [flashing];
      taken = true;
    });
    await wantReboot();
    await pass(minute);
    assert.ok(taken);
    assert.deepEqual([await phase(), await reasons()], ["Waiting", [says]]);
    await expectUntouched();
    assert.ok(!story.world.logs.some((line) => line.includes("Draining")));
  });

  it("goes on draining when that begins meanwhile, waits for it when it is drained, and reboots then", async () => {
    await start({ preflight: "off" });
    await addPod("web");
    await addBudget("web");
    await wantReboot();
    await until("it drains", isIn("Draining"));
    held = [flashing];
    await pass(2 * minute);
    assert.equal(await phase(), "Draining");
    assert.match(String(await reasons()), /^1 pod remains: default\/web: PodDisruptionBudget/);
    await story.world.api.delete(`${budgets}/web`, {}, { signal: story.world.signal });
    await until("it is empty", async () => (await podsOn("n1")).length === 0);
    await pass(10 * minute);
    assert.deepEqual([await phase(), boots(), await reasons()], ["Draining", 1, [says]]);
    held = [];
    await pass(6000);
    assert.equal(await phase(), "Rebooting");
    await until("n1 has rebooted", isRebooted);
  });

  it("waits too while logind does not answer once it is drained", async () => {
    await start({ "reboot-delay": "10s" });
    await wantReboot();
    await until("it drains", isIn("Draining"));
    isDumb = true;
    await pass(5 * minute);
    assert.deepEqual([await phase(), boots()], ["Draining", 1]);
    isDumb = false;
    await until("n1 has rebooted", isRebooted, minute);
  });

  it("is given back when that lasts longer than --drain-timeout, without a failure", async () => {
    await start({ "drain-timeout": "5m", "reboot-delay": "10s" });
    await wantReboot();
    await until("it drains", isIn("Draining"));
    held = [flashing];
    await until("it is given back", isIn("Waiting"), 400_000);
    await expectUntouched();
    const { outcome, failures } = (await record()) ?? {};
    assert.deepEqual(
      [outcome?.result, outcome?.message, failures],
      ["withdrawn", `${says}, for longer than --drain-timeout`, 0],
    );
    held = [];
    await until("n1 has rebooted", isRebooted);
  });

  it("is given back when that begins in the very last moment", async () => {
    await start();
    when("PATCH", /nodes\/n1$/, /Rebooting/, () => {
      held = [flashing];
    });
    await wantReboot();
    await until("it is given back", isIn("Waiting"), 2 * minute);
    await expectUntouched();
    assert.equal((await record())?.outcome?.message, says);
  });
});

describe("A node on which people are logged in", () => {
  const anna: Session = { user: "anna", class: "user", type: "tty", state: "active", idle: false };
  beforeEach(() => {
    held = [];
    sessions = [anna];
    isDumb = false;
  });
  afterEach(story.stop);

  it("reboots all the same by default", async () => {
    await start();
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 2 * minute);
  });

  it("waits for them, but not longer than it was told to", async () => {
    await start({ "logged-in-users": "wait:10m" });
    await wantReboot();
    const began = story.world.time.clock.wall();
    await pass(minute);
    assert.equal(await phase(), "Waiting");
    assert.match((await reasons())?.[0] ?? "", /^logged in: anna; waits for that until 2026-/);
    await expectUntouched();
    await until("it drains", isIn("Draining"));
    const waitedMs = story.world.time.clock.wall() - began;
    assert.ok(waitedMs >= 10 * minute && waitedMs < 10 * minute + 3000, `waited ${waitedMs} ms`);
    await until("n1 has rebooted", isRebooted);
  });

  it("starts within a minute once they have left, and reboots though they come back in mid-drain", async () => {
    await start({ "logged-in-users": "wait:2h", "reboot-delay": "20s" });
    await wantReboot();
    await pass(5 * minute);
    sessions = [];
    await until("it drains", isIn("Draining"), 62_000);
    sessions = [anna];
    await until("n1 has rebooted", isRebooted, 2 * minute);
  });

  it("does not wait for them when the reboot is urgent, but for who holds shutdowns back", async () => {
    await start({ "logged-in-users": "wait:2h" });
    held = [flashing];
    await patchNode({ metadata: { annotations: { "rebootd.dev/reboot-requested": "urgent" } } });
    await pass(2 * minute);
    assert.deepEqual([await phase(), await reasons()], ["Waiting", [says]]);
    held = [];
    await until("n1 has rebooted", isRebooted, 3 * minute);
  });

  it("starts in time though logind never answers", async () => {
    await start({ "logged-in-users": "wait:10m", inhibitors: "ignore" });
    isDumb = true;
    await wantReboot();
    await pass(9 * minute);
    assert.equal(await phase(), "Waiting");
    await until("n1 has rebooted", isRebooted, 4 * minute);
  });
});
