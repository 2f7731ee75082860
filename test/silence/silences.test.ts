import assert from "node:assert/strict";
import { parseMatchers } from "../../daemon/silence/matchers.ts";
import { type CycleNow, createSilences, type Silences } from "../../daemon/silence/silences.ts";
import { createVirtualTime } from "../kubernetes/virtual-time.ts";
import { type AlertmanagerFault, createAlertmanager } from "./alertmanager.ts";

const minute = 60_000;
const noon = Date.parse("2026-11-24T12:00:00.000Z");
const draining: CycleNow = { id: "1 (boot 4f3a)", step: "Draining 0", reason: "linux" };
const rebooting = { ...draining, step: "Rebooting 1" };
const returning = { ...draining, step: "Returning 1" };

/** `skewMs`: how far the node's wall clock is ahead of the server's. */
function createScene({ skewMs = 0, texts = ['node="{node}"'] } = {}) {
  const time = createVirtualTime(noon);
  const alertmanager = createAlertmanager(time.clock.wall);
  const outcomes: string[] = [];
  const told: string[] = [];
  const start = (): { silences: Silences; stop: () => void } => {
    const stop = new AbortController();
    const clock = { ...time.clock, wall: () => time.clock.wall() + skewMs };
    const silences = createSilences(
      {
        server: {
          name: "Alertmanager",
          url: "http://me:secret@alertmanager:9093/base",
          timeoutMs: 10_000,
          clock,
          post: alertmanager.post,
        },
        nodeName: "n1",
        silences: texts.map(parseMatchers),
        random: () => 0.5,
        onOutcome: (outcome) => outcomes.push(outcome),
        onFailure: (error) => told.push((error as Error).message),
        onRecovery: () => told.push("recovered"),
      },
      stop.signal,
    );
    return { silences, stop: () => stop.abort() };
  };
  const isSilenced = (node: string) => alertmanager.isSilenced({ node });
  return { pass: time.pass, alertmanager, outcomes, told, start, isSilenced };
}

describe("The silences of a daemon", () => {
  it("make one request at the start, and no other one outside a cycle", async () => {
    const { pass, start, alertmanager } = createScene();
    const { silences } = start();
    silences.follow(undefined);
    await pass(60 * minute);
    assert.deepEqual([alertmanager.requests.length, silences.activeCount()], [1, 0]);
  });

  it("last from the cordon until 5 minutes after the return, for this node alone, in few requests", async () => {
    const { pass, start, alertmanager, outcomes, isSilenced } = createScene();
    const { silences } = start();
    for (const [step, minutes] of [
      [draining, 12],
      [rebooting, 3],
      [returning, 2],
    ] as const) {
      silences.follow(step);
      for (let passed = 0; passed < minutes; passed += 1) {
        await pass(minute);
        assert.deepEqual([isSilenced("n1"), isSilenced("n10"), silences.activeCount()], [true, false, 1]);
        silences.follow(step);
      }
    }
    silences.follow(undefined);
    await pass(4.9 * minute);
    assert.equal(isSilenced("n1"), true);
    await pass(0.2 * minute);
    assert.deepEqual([isSilenced("n1"), silences.activeCount()], [false, 0]);
    assert.deepEqual(outcomes, ["created", "extended", "extended", "extended", "ended"]);
    assert.equal(alertmanager.silences.length, 1);
    assert.ok(alertmanager.requests.length <= 12, `${alertmanager.requests.length} requests`);
  });

  it("are extended by time up to 4 hours, and then end although the cycle does not", async () => {
    const { pass, start, alertmanager } = createScene();
    start().silences.follow(draining);
    await pass(10 * 60 * minute);
    const [only, ...others] = alertmanager.silences;
    assert.deepEqual([others, only && only.endsAt - only.startsAt], [[], 4 * 60 * minute]);
    assert.ok(alertmanager.requests.length < 80, `${alertmanager.requests.length} requests`);
  });

  it("run out within 25 minutes when the daemon is gone", async () => {
    const { pass, start, isSilenced } = createScene();
    const { silences, stop } = start();
    silences.follow(draining);
    await pass(1000);
    silences.follow(rebooting);
    await pass(1000);
    stop();
    await pass(24 * minute);
    assert.equal(isSilenced("n1"), true);
    await pass(minute);
    assert.equal(isSilenced("n1"), false);
  });

  it("are found again by the next process, which extends and ends them", async () => {
    const { pass, start, alertmanager, outcomes, isSilenced } = createScene();
    const first = start();
    first.silences.follow(rebooting);
    await pass(3 * minute);
    first.stop();
    const second = start();
    second.silences.follow(returning);
    await pass(minute);
    second.silences.follow(undefined);
    await pass(6 * minute);
    assert.deepEqual(outcomes, ["created", "extended", "ended"]);
    assert.deepEqual([alertmanager.silences.length, isSilenced("n1")], [1, false]);
  });

  it("are ended by a process that was started after the end of the cycle", async () => {
    const { pass, start, outcomes } = createScene();
    const first = start();
    first.silences.follow(returning);
    await pass(1000);
    first.stop();
    start().silences.follow(undefined);
    await pass(1000);
    assert.deepEqual(outcomes, ["created", "ended"]);
  });

  it("go by the clock of Alertmanager", async () => {
    for (const skewMs of [-120 * minute, 120 * minute]) {
      const { pass, start, isSilenced } = createScene({ skewMs });
      const { silences } = start();
      silences.follow(draining);
      await pass(24 * minute);
      assert.equal(isSilenced("n1"), true);
      silences.follow(undefined);
      await pass(6 * minute);
      assert.equal(isSilenced("n1"), false);
    }
  });

  it("leave those of others alone", async () => {
    const { pass, start, alertmanager } = createScene();
    const matchers = [{ name: "node", value: "n1", isRegex: false, isEqual: true }];
    const theirs = alertmanager.create({ matchers });
    const before = { ...theirs };
    const { silences } = start();
    silences.follow(draining);
    await pass(minute);
    silences.follow(undefined);
    await pass(30 * minute);
    assert.deepEqual([theirs, alertmanager.silences.length], [before, 2]);
  });

  it("are one for each list of matchers", async () => {
    const { pass, start, alertmanager } = createScene({
      texts: ['node="{node}"', 'instance=~"{node}(:[0-9]+)?",job="node"'],
    });
    const { silences } = start();
    silences.follow(draining);
    await pass(1000);
    const isSilenced = [{ node: "n1" }, { instance: "n1:9100", job: "node" }, { instance: "n1:9100" }];
    assert.deepEqual(isSilenced.map(alertmanager.isSilenced), [true, true, false]);
    assert.equal(silences.activeCount(), 2);
  });

  for (const fault of ["down", "hangs", "refuses", "loses-answers"] satisfies AlertmanagerFault[]) {
    it(`say once that Alertmanager fails (${fault}), try again with a back-off, and say when that works`, async () => {
      const { pass, start, alertmanager, told, outcomes, isSilenced } = createScene();
      alertmanager.fault = fault;
      const { silences } = start();
      silences.follow(draining);
      await pass(20 * minute);
      assert.equal(told.length, 1);
      assert.match(told[0] ?? "", /^(asking )?Alertmanager at http:\/\/alertmanager:9093\/base\b/);
      assert.ok(alertmanager.requests.length <= 20, `${alertmanager.requests.length} requests`);
      assert.ok(outcomes.every((outcome) => outcome === "failed"));
      alertmanager.fault = undefined;
      await pass(5 * minute + 10_000);
      assert.deepEqual([told.slice(1), isSilenced("n1")], [["recovered"], true]);
      assert.equal(alertmanager.silences.length, 1);
    });
  }

  it("are not made twice where an answer was lost", async () => {
    const { pass, start, alertmanager } = createScene();
    const { silences } = start();
    silences.follow(draining);
    alertmanager.fault = "loses-answers";
    await pass(minute);
    alertmanager.fault = undefined;
    silences.follow(rebooting);
    await pass(10 * minute);
    assert.equal(alertmanager.silences.length, 1);
  });

  it("are not made twice where another replica of Alertmanager does not know of them yet", async () => {
    const { pass, start, alertmanager, isSilenced } = createScene({
      texts: ['instance=~"{node}(:[0-9]+)?"'],
    });
    const { silences } = start();
    silences.follow(draining);
    await pass(1000);
    alertmanager.isLagging = true;
    silences.follow(rebooting);
    await pass(5000);
    silences.follow(undefined);
    await pass(5000);
    assert.equal(alertmanager.silences.length, 1);
    alertmanager.isLagging = false;
    await pass(6 * minute);
    assert.deepEqual([alertmanager.silences.length, isSilenced("n1")], [1, false]);
  });

  it("are made again where Alertmanager has lost them", async () => {
    const { pass, start, alertmanager, isSilenced } = createScene();
    const { silences } = start();
    silences.follow(draining);
    await pass(2 * minute);
    alertmanager.silences.length = 0;
    silences.follow(rebooting);
    await pass(1000);
    assert.deepEqual([alertmanager.silences.length, isSilenced("n1")], [1, true]);
  });

  it("are forgotten 25 minutes after the cycle where Alertmanager does not come back", async () => {
    const { pass, start, alertmanager } = createScene();
    const { silences } = start();
    silences.follow(draining);
    await pass(minute);
    alertmanager.fault = "down";
    silences.follow(undefined);
    await pass(31 * minute);
    const { length } = alertmanager.requests;
    assert.ok(length < 25, `${length} requests`);
    await pass(24 * 60 * minute);
    assert.equal(alertmanager.requests.length, length);
  });

  it("make few requests however often the step changes", async () => {
    const { pass, start, alertmanager } = createScene();
    const { silences } = start();
    for (let count = 0; count < 36_000; count += 1) {
      silences.follow(count % 3 === 0 ? undefined : { ...draining, step: String(count) });
      if (count % 10 === 0) await pass(1000);
    }
    // 10 looks, and one a minute.
    assert.ok(alertmanager.requests.length <= 2 * (10 + 61), `${alertmanager.requests.length} requests`);
  });

  it("end with a person's word for the whole cycle", async () => {
    const { pass, start, alertmanager, isSilenced } = createScene();
    const { silences } = start();
    silences.follow(draining);
    await pass(minute);
    alertmanager.expire(alertmanager.silences[0]?.id ?? "");
    silences.follow(rebooting);
    await pass(20 * minute);
    assert.deepEqual([isSilenced("n1"), alertmanager.silences.length, silences.activeCount()], [false, 1, 0]);
  });
});
