import assert from "node:assert/strict";
import type { RawOptions } from "../../daemon/config/settings.ts";
import type { HttpPost } from "../../daemon/prometheus/server.ts";
import { vector } from "../prometheus/servers.ts";
import { type AlertmanagerModel, createAlertmanager } from "../silence/alertmanager.ts";
import { createStory, minute } from "./story.ts";

const story = createStory();
const {
  addBudget,
  addPod,
  boots,
  isRebooted,
  node,
  pass,
  phase,
  saysOf,
  setCordon,
  start,
  until,
  wantReboot,
} = story;

let alertmanager: AlertmanagerModel;

const options: RawOptions = {
  "alertmanager-url": "http://alertmanager:9093",
  "silence-matchers": 'node="{node}",alertname!~"Rebootd.*"',
  "reboot-delay": "3m",
};

/** `prometheus`: what it answers then. */
async function startSilencing(
  more: RawOptions = {},
  nodes = 1,
  prometheus: () => HttpPost = vector,
): Promise<void> {
  // The world begins when it is started.
  alertmanager = createAlertmanager(() => story.world.time.clock.wall());
  await start(
    { ...options, ...more },
    {
      nodes,
      post: (url, ...rest) => (url.includes("alertmanager") ? alertmanager.post : prometheus())(url, ...rest),
    },
  );
}

const isSilenced = (name: string) => alertmanager.isSilenced({ node: name, alertname: "NodeDown" });
const metric = async (name: "silencesActive" | "silences") =>
  (await story.world.metrics.at(-1)?.[name].get())?.values.map(({ value }) => value);

describe("With --silence-matchers a node", () => {
  afterEach(story.stop);

  it("asks once at its start, and not again while it needs no reboot", async () => {
    await startSilencing();
    await pass(5 * 60 * minute);
    assert.equal(alertmanager.requests.length, 1);
  });

  it("is silenced from its cordon until 5 minutes after its return, alone, by one silence", async () => {
    await startSilencing();
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining", 10_000);
    await pass(1000);
    assert.deepEqual(
      [isSilenced("n1"), isSilenced("n2"), await metric("silencesActive")],
      [true, false, [1]],
    );
    await until("n1 has rebooted", isRebooted, 10 * minute);
    await pass(2000);
    assert.equal(isSilenced("n1"), true);
    assert.match(
      alertmanager.silences[0]?.comment ?? "",
      /^Node n1, cycle 1 \(boot \S{8}\), over: the sentinel file says/,
    );
    await pass(5 * minute);
    assert.deepEqual(
      [isSilenced("n1"), alertmanager.silences.length, await metric("silencesActive")],
      [false, 1, [0]],
    );
    assert.ok(alertmanager.requests.length <= 12, `${alertmanager.requests.length} requests`);
  });

  it("does not silence rebootd's own alerts where the matchers leave them out", async () => {
    await startSilencing();
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining", 10_000);
    await pass(1000);
    assert.equal(alertmanager.isSilenced({ node: "n1", alertname: "RebootdNodeNotBack" }), false);
  });

  it("is silenced no longer where its cycle fails, and silenced again in the next one", async () => {
    await startSilencing({ "drain-timeout": "2m", preflight: "off", "reboot-delay": "0" });
    await addPod("web");
    await addBudget("web");
    await wantReboot();
    await until("it has failed", async () => (await phase()) === "Failed", 5 * minute);
    await pass(2000);
    const [only] = alertmanager.silences;
    assert.ok(only && only.endsAt - story.world.time.clock.wall() <= 5 * minute);
    await until("it drains again", async () => (await phase()) === "Draining", 5 * minute);
    await pass(2000);
    assert.equal(alertmanager.silences.length, 1, "in the tail of the first one");
    assert.ok(only.endsAt - story.world.time.clock.wall() > 20 * minute);
  });

  it("is silenced no longer where a person ends the cycle", async () => {
    await startSilencing();
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining", 10_000);
    await setCordon(null);
    await pass(5000);
    await setCordon(null);
    await until("it has failed", async () => (await phase()) === "Failed", minute);
    await pass(2000);
    const left = alertmanager.active().map(({ endsAt }) => endsAt - story.world.time.clock.wall());
    assert.ok(left.length === 1 && (left[0] ?? 0) <= 5 * minute, left.join());
  });

  it("that does not come back is heard of within 25 minutes", async () => {
    await startSilencing();
    node("n1").machine.behaviour.comesBack = false;
    await wantReboot();
    await until("it is down", () => !node("n1").machine.isUp, 10 * minute);
    await pass(24 * minute);
    assert.equal(isSilenced("n1"), true);
    await pass(minute);
    assert.equal(isSilenced("n1"), false);
  });

  it("that is back and overdue is heard of 5 minutes later, and silenced once it goes on", async () => {
    await startSilencing({
      "after-reboot-hooks": "example.com/checked",
      "after-reboot-hooks-timeout": "10m",
    });
    await wantReboot();
    await until("it returns", async () => (await phase()) === "Returning", 10 * minute);
    await pass(10 * minute);
    assert.equal(isSilenced("n1"), true);
    await pass(7 * minute);
    assert.deepEqual([isSilenced("n1"), await phase()], [false, "Returning"]);
    await node("n1").patch({ metadata: { annotations: { "example.com/checked": "true" } } });
    await until("n1 has rebooted", isRebooted, minute);
    await pass(2000);
    const ends = alertmanager.active().map(({ endsAt }) => endsAt - story.world.time.clock.wall());
    assert.ok(ends.length === 1 && (ends[0] ?? 0) <= 5 * minute, ends.join());
  });

  it("whose daemon dies in mid-drain finds its silence again", async () => {
    await startSilencing();
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining", 10_000);
    await pass(minute);
    node("n1").machine.crashDaemon();
    await until("n1 has rebooted", isRebooted, 10 * minute);
    await pass(6 * minute);
    assert.deepEqual([alertmanager.silences.length, isSilenced("n1")], [1, false]);
  });

  for (const fault of ["down", "hangs", "refuses", "loses-answers"] as const) {
    it(`reboots at its usual time when Alertmanager fails (${fault}), and says so once`, async () => {
      await startSilencing();
      await wantReboot();
      await until("n1 has rebooted", isRebooted, 10 * minute);
      const usualMs = story.world.time.clock.wall();
      await story.stop();

      await startSilencing();
      alertmanager.fault = fault;
      await wantReboot();
      await until("n1 has rebooted", isRebooted, 10 * minute);
      assert.equal(story.world.time.clock.wall(), usualMs);
      const said = story.world.logs.filter((line) =>
        line.includes("silencing the alerts of this node failed"),
      );
      // The machine has rebooted: once by each process.
      assert.equal(said.length, 2, said.join("\n"));
      assert.ok(alertmanager.requests.length <= 20, `${alertmanager.requests.length} requests`);
      const failed = (await metric("silences"))?.at(-1) ?? 0;
      assert.ok(failed > 0);
    });
  }

  it("is silenced once Alertmanager is back, and the log says so", async () => {
    await startSilencing({ "reboot-delay": "20m" });
    alertmanager.fault = "down";
    await wantReboot();
    await pass(10 * minute);
    assert.equal(isSilenced("n1"), false);
    alertmanager.fault = undefined;
    await pass(5 * minute);
    assert.deepEqual(
      [isSilenced("n1"), saysOf("the alerts of this node can be silenced again")],
      [true, true],
    );
  });
});

describe("The next node of a roll", () => {
  afterEach(story.stop);

  it("starts at once after a node whose alerts are over, and waits for those that it has left", async () => {
    for (const isLeft of [false, true]) {
      const left = { alertname: "DiskFull", node: "n1" };
      const firing = vector({ metric: { ...left, alertstate: "firing" }, value: [0, "1"] });
      await startSilencing({ "prometheus-url": "http://prometheus:9090", "reboot-delay": "0" }, 2, () =>
        isLeft && boots() === 2 ? firing : vector(),
      );
      if (isLeft) alertmanager.alerts.push(left);
      await wantReboot();
      await until("n1 has rebooted", () => boots() === 2, 10 * minute);
      node("n2").wantsReboot();
      await pass(3 * minute);
      assert.equal(isSilenced("n1"), true);
      assert.equal(node("n2").machine.boots.length, isLeft ? 1 : 2);
      await story.stop();
    }
  });
});
