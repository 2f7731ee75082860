import assert from "node:assert/strict";
import type { RawOptions } from "../../daemon/config/settings.ts";
import { recordIn } from "../promises/eyes.ts";
import { createMessageReceiver, type MessageReceiver } from "./message-receiver.ts";
import { createStory, minute } from "./story.ts";

const story = createStory();
const { addBudget, addPod, isRebooted, pass, phase, until, wantReboot } = story;
const hour = 60 * minute;

describe("Messages", () => {
  let receiver: MessageReceiver;
  beforeEach(() => {
    receiver = createMessageReceiver(() => story.world.time.clock);
  });
  afterEach(story.stop);

  const start = (options: RawOptions = {}, nodes = 1) =>
    story.start({ "notify-url": receiver.url(), ...options }, { receive: receiver.receive, nodes });
  const titles = () => receiver.arrived.map(({ title }) => title);
  const pending = async () =>
    (await story.world.metrics.at(-1)?.notificationsPending.get())?.values.map(({ value }) => value);
  const patches = () => story.world.server.ledger.entries({ verb: "patch", resource: "nodes" }).length;

  it("say that a node is drained, reboots, and is back, with how long that took", async () => {
    await start({ "cluster-name": "prod" });
    await wantReboot();
    await until("n1 has rebooted", isRebooted);
    assert.deepEqual(titles(), ["prod: n1 is about to be drained", "prod: n1 reboots", "prod: n1 is back"]);
    assert.match(receiver.arrived[0]?.text ?? "", /\na reboot is needed|sentinel file says/);
    assert.match(receiver.arrived[2]?.text ?? "", /boot 1\ds/);
  });

  it("have the words of kured's templates, and of others by kind", async () => {
    await start({
      "message-template-drain": "Draining node %s",
      "message-template-reboot": "Rebooting node %s",
      "notify-template": ["done={node} is back after {duration} ({event})"],
    });
    await wantReboot();
    await until("n1 has rebooted", isRebooted);
    assert.match(
      receiver.arrived.map(({ text }) => text).join("; "),
      /^Draining node n1; Rebooting node n1; n1 is back after \d+s \(Returned\)$/,
    );
  });

  it("cost no write of the Node while they arrive", async () => {
    await story.start();
    await wantReboot();
    await until("n1 has rebooted", isRebooted);
    await pass(minute);
    const without = patches();
    await story.stop();
    await start();
    await wantReboot();
    await until("n1 has rebooted", isRebooted);
    await pass(minute);
    assert.equal(patches(), without);
  });

  it("name the pods and budgets of a failed drain", async () => {
    await start({ "drain-timeout": "5m", preflight: "off" });
    await addPod("web");
    await addBudget("web");
    await wantReboot();
    await until("the drain fails", () => titles().length === 2, 10 * minute);
    assert.deepEqual(titles(), ["n1 is about to be drained", "the drain of n1 has failed"]);
    assert.match(receiver.arrived[1]?.text ?? "", /default\/web/);
  });

  it("say once that a node waits for longer than --notify-blocked-after, also after a restart", async () => {
    await start({ preflight: "on" });
    await addPod("web");
    await addBudget("web");
    await wantReboot();
    await pass(23 * hour);
    assert.deepEqual(titles(), []);
    await pass(3 * hour);
    assert.deepEqual(titles(), ["n1 still waits for its reboot"]);
    story.node("n1").machine.crashDaemon();
    await pass(3 * hour);
    assert.deepEqual(titles(), ["n1 still waits for its reboot"]);
  });

  for (const treatment of ["hangs", 500, 429] as const) {
    it(`delay a reboot by no more than --notify-timeout where the receiver ${treatment === "hangs" ? treatment : `answers ${treatment}`}, and arrive after it, once`, async () => {
      await start();
      receiver.treat = () => treatment;
      await wantReboot();
      await until("the machine is down", () => story.node("n1").machine.boots.length === 2, 3 * minute);
      await until("n1 has rebooted", isRebooted);
      assert.deepEqual(titles(), []);
      assert.deepEqual(await pending(), [3]);
      receiver.treat = () => 200;
      await until("all have arrived", () => titles().length >= 3, hour);
      await pass(hour);
      assert.deepEqual(await pending(), [0]);
      assert.deepEqual(titles().sort(), ["n1 is about to be drained", "n1 is back", "n1 reboots"]);
      story.node("n1").machine.crashDaemon();
      await pass(hour);
      assert.equal(titles().length, 3);
    });
  }

  it("change nothing else about a cycle, whatever becomes of them", async () => {
    const courses: [phases: string[], seconds: number][] = [];
    for (const treatment of [200, 401, 429, 500, "hangs"] as const) {
      await start({ "drain-delay": "5s" });
      receiver.treat = () => treatment;
      const phases: string[] = [];
      story.world.server.onChange("nodes", ({ object }) => {
        const { phase: now = "Idle" } = recordIn(object);
        if (phases.at(-1) !== now) phases.push(now);
      });
      await wantReboot();
      const began = story.world.time.clock.elapsed();
      await until("n1 has rebooted", isRebooted);
      courses.push([phases, Math.round((story.world.time.clock.elapsed() - began) / 1000)]);
      const said = story.world.logs.filter((line) => line.includes("has not reached"));
      // One line for each daemon, before the reboot and after it; and one for each message that is dropped.
      assert.equal(said.length, { 200: 0, 401: 3, 429: 2, 500: 2, hangs: 2 }[treatment]);
      await story.stop();
    }
    const [[phases, seconds] = assert.fail()] = courses;
    for (const [others, took] of courses) {
      assert.deepEqual(others, phases);
      assert.ok(took <= seconds + 6, `${took} s, and ${seconds} s where all arrive`);
    }
  });

  it("about a failure outlive the daemon", async () => {
    await start({ "drain-timeout": "5m", preflight: "off" });
    await addPod("web");
    await addBudget("web");
    receiver.treat = () => "hangs";
    await wantReboot();
    await until(
      "the drain has failed",
      async () => (await phase()) === "Failed" || (await phase()) === "Waiting",
      20 * minute,
    );
    story.node("n1").machine.crashDaemon();
    receiver.treat = () => 200;
    await until("it has arrived", () => titles().includes("the drain of n1 has failed"), 10 * minute);
    await pass(2 * minute);
    assert.equal(titles().filter((title) => title === "the drain of n1 has failed").length, 1);
  });

  const short = {
    "drain-timeout": "5m",
    "reboot-timeout": "5m",
    "ready-timeout": "5m",
    "reboot-attempts": "1",
  };

  async function neverReturns(name: string): Promise<void> {
    story.world.machine(name).behaviour.comesBack = false;
    story.node(name).wantsReboot();
    await until(`${name} goes down`, () => !story.world.machine(name).isUp, 5 * minute);
  }

  it("about a holder that does not return come from one of the nodes that wait for it", async () => {
    await start({ ...short, "notify-url": `${receiver.url()}?rebootd.on=overdue` }, 4);
    await pass(3000);
    await neverReturns("n1");
    for (const name of ["n2", "n3", "n4"]) story.node(name).wantsReboot();
    await pass(2 * hour);
    assert.deepEqual(titles(), ["a node holds a slot and does not return"]);
    assert.match(receiver.arrived[0]?.text ?? "", /^n1 has held a slot since .*rebootd unlock n1$/);
  });

  it("about a halt come from the node that has caused it", async () => {
    await start(
      { ...short, "halt-after-failures": "2", "notify-url": `${receiver.url()}?rebootd.on=halted` },
      4,
    );
    await pass(3000);
    for (const name of ["n1", "n2"]) story.world.machine(name).behaviour.goesDown = false;
    for (const name of ["n1", "n2", "n3", "n4"]) story.node(name).wantsReboot();
    await pass(4 * hour);
    assert.deepEqual(titles(), ["reboots are halted"]);
    assert.match(receiver.arrived[0]?.text ?? "", /^2 nodes failed to reboot in a row/);
  });

  it("about an orphan of the lock come from the node that has removed it", async () => {
    await start({ "notify-url": `${receiver.url()}?rebootd.on=orphan` }, 4);
    await pass(3000);
    await story.setLock(JSON.stringify({ nodeID: "gone", created: "2026-01-01T00:00:00Z", TTL: 0 }));
    for (const name of ["n1", "n2", "n3", "n4"]) story.node(name).wantsReboot();
    await pass(10 * minute);
    assert.deepEqual(titles(), ["an entry of a node that is gone was in the lock"]);
  });
});
