import assert from "node:assert/strict";
import type { NeedSource } from "../../../daemon/host/need/need.ts";
import { dueAfterMs, uptimeNeed, withMaxUptime } from "../../../daemon/host/need/uptime.ts";
import { everyCase } from "../../rows.ts";

const dayMs = 86_400_000;
const maxMs = 30 * dayMs;
const { signal } = new AbortController();

/** A machine whose time passes only while somebody sleeps; no sleep is longer than a timer can be. */
function machine(upMs: number, bootID: () => Promise<string> = async () => "boot-1") {
  let uptimeMs = upMs;
  const sleeps: number[] = [];
  const clock = {
    wall: () => 0,
    elapsed: () => uptimeMs,
    async sleep(ms: number) {
      sleeps.push(ms);
      uptimeMs += Math.min(ms, 2 ** 31 - 1);
    },
  };
  return { clock, sleeps, readBootID: bootID, uptimeSeconds: () => uptimeMs / 1000 };
}

const due = dueAfterMs(maxMs, "n1", "boot-1");
const needOf = (upMs: number) => uptimeNeed({ maxMs, nodeName: "n1", ...machine(upMs) }).check(true, signal);

describe("The moment at which a node has been up for too long", () => {
  it("lies in the last fifth of the time, spread over all of it, and never after it", () => {
    const shares = Array.from({ length: 1000 }, (_, at) => dueAfterMs(maxMs, `n${at}`, "boot-1") / maxMs);
    assert.ok(shares.every((share) => share > 0.8 && share <= 1));
    for (let from = 0.8; from < 0.99; from += 0.02) {
      const within = shares.filter((share) => share >= from && share < from + 0.02).length;
      assert.ok(within > 60 && within < 140, `${within} of 1000 between ${from} and ${from + 0.02}`);
    }
  });

  it("is the same for one boot, and another one for the next", () => {
    assert.equal(dueAfterMs(maxMs, "n1", "boot-1"), due);
    assert.notEqual(dueAfterMs(maxMs, "n1", "boot-2"), due);
    assert.notEqual(dueAfterMs(maxMs, "n2", "boot-1"), due);
  });
});

describe("The need of a node that has been up for too long", () => {
  it("begins at that moment, and says so in the same words for ever", () =>
    everyCase({
      "is none before": async () => assert.deepEqual(await needOf(due - 1), { state: "not-needed" }),
      "is there from then on": async () => {
        const need = await needOf(due);
        assert.ok(need.state === "needed");
        assert.equal(need.source, "uptime");
        assert.match(need.reasons.join(), /^up for more than 2\dd, due by --max-uptime=30d$/);
        assert.deepEqual(await needOf(10 * maxMs), need);
      },
      "is unknown where the machine does not say": async () => {
        const unread = machine(due, () => Promise.reject(new Error("no such file")));
        assert.deepEqual(await uptimeNeed({ maxMs, nodeName: "n1", ...unread }).check(true, signal), {
          state: "unknown",
          why: "the uptime cannot be read: no such file",
        });
      },
    }));

  it("wakes the daemon once, when it begins, and sleeps until then", async () => {
    const sleeping = machine(0);
    const woken = Promise.withResolvers<number>();
    const onChange = () => woken.resolve(sleeping.uptimeSeconds() * 1000);
    uptimeNeed({ maxMs, nodeName: "n1", ...sleeping }).watch(onChange, signal);
    assert.equal(await woken.promise, due);
    assert.ok(sleeping.sleeps.length <= 2, "a timer of 24 days, and the rest");
  });

  it("wakes it later where the boot ID cannot be read at first", async () => {
    let reads = 0;
    const late = machine(due, async () => {
      reads += 1;
      if (reads < 3) throw new Error("not yet");
      return "boot-1";
    });
    const woken = Promise.withResolvers<void>();
    uptimeNeed({ maxMs, nodeName: "n1", ...late }).watch(woken.resolve, signal);
    await woken.promise;
    assert.deepEqual(late.sleeps, [60_000, 60_000]);
  });

  it("stands beside that of the host, and is none without the option", async () => {
    const host: NeedSource = {
      check: async () => ({ state: "needed", source: "file", reasons: ["linux-image"] }),
      watch() {},
    };
    const { clock, ...ports } = machine(due);
    const asked = (maxUptimeMs: number | undefined) =>
      withMaxUptime({ need: host, ...ports }, { maxUptimeMs, nodeName: "n1", clock });
    assert.equal(asked(undefined), host);
    const need = await asked(maxMs).check(true, signal);
    assert.ok(need.state === "needed");
    assert.deepEqual([need.source, need.reasons.length, need.reasons[0]], ["file", 2, "linux-image"]);
  });
});
