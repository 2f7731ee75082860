import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { compose } from "../../daemon/compose/daemon.ts";
import { parseSettings } from "../../daemon/config/settings.ts";
import { runCycle } from "../../daemon/cycle/run.ts";
import type { Need } from "../../daemon/host/need/need.ts";
import { noLogind } from "./simulated-daemon.ts";
import { createStory, minute } from "./story.ts";

const story = createStory();
const { pass, start } = story;

/** A node beside those of the world, whose need each check answers as the next of these; the last one for ever. */
async function follow(answers: readonly Need[]) {
  await story.world.api.create("/api/v1/nodes", { metadata: { name: "n9" } }, story.world);
  let checks = 0;
  const { ports, metrics } = compose(
    parseSettings({ "node-id": "n9", period: "1m", blackout: "2000-01-01..2099-12-31" }),
    {
      transport: story.world.server.transport(story.world.server.adminToken),
      clock: story.world.time.clock,
      random: () => 0.5,
      host: {
        need: {
          check: async () => answers[Math.min(checks++, answers.length - 1)] ?? assert.fail(),
          watch: () => {},
        },
        readBootID: async () => "one",
        readUserspace: () => assert.fail("no soft reboot is to be proved"),
        rebooter: {
          announce: () => assert.fail("no window is open"),
          reboot: () => assert.fail("no window is open"),
        },
        logind: noLogind,
      },
      post: () => assert.fail("nobody is to be asked"),
      log: new PassThrough().resume(),
      version: "1",
      instance: "n9",
    },
    story.world.signal,
  );
  const seen: { state: string; why: string; metric: number; checks: number }[] = [];
  const { decided } = ports.report;
  ports.report.decided = (record, facts, decision) => {
    decided(record, facts, decision);
    if (facts.need === undefined) return;
    const made = { state: facts.need.state, why: decision.why, metric: Number.NaN, checks };
    seen.push(made);
    void metrics.rebootRequired.get().then(({ values }) => {
      made.metric = values[0]?.value ?? Number.NaN;
    });
  };
  void runCycle(ports, story.world.signal);
  await pass(5 * minute);
  return seen;
}

describe("The need", () => {
  afterEach(story.stop);

  it("is checked once for each decision, and the metric is what that has seen, though the next check says otherwise", async () => {
    await start();
    const seen = await follow([
      { state: "not-needed" },
      { state: "needed", source: "command", reasons: [] },
      { state: "unknown", why: "the command ended with 2" },
      { state: "needed", source: "command", reasons: [] },
    ]);
    assert.ok(seen.length >= 4, `${seen.length}`);
    const metrics = { needed: 1, "not-needed": 0, unknown: Number.NaN } as Record<string, number>;
    for (const [index, { state, metric, checks }] of seen.entries()) {
      assert.deepEqual([metric, checks], [metrics[state], index + 1], JSON.stringify(seen));
    }
    for (const { state, why } of seen) {
      const says = {
        needed: /blackout/,
        "not-needed": /^no reboot is needed$/,
        unknown: /cannot tell.*with 2$/,
      };
      assert.match(why, says[state as keyof typeof says]);
    }
  });
});
