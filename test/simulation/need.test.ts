import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { compose } from "../../daemon/compose/daemon.ts";
import { parseSettings } from "../../daemon/config/settings.ts";
import { runCycle } from "../../daemon/cycle/run.ts";
import type { Need } from "../../daemon/host/need/need.ts";
import { noLogind } from "./simulated-daemon.ts";
import { doubtFile, patchedFile, secondSourceFile, updateFile } from "./simulated-need.ts";
import { createStory, minute } from "./story.ts";

const story = createStory();
const { addPod, isRebooted, node, pass, phase, reasons, record, start, until, wantReboot } = story;

/** Puts a file of the host there, or takes it away. */
const hostFile = (file: string, text: string | undefined, name = "n1") =>
  story.world.machine(name).setFile(file, text);
const now = () => String(story.world.time.clock.wall());

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

  it("is one where one of several sources says so, whatever the others say, and names all of them", async () => {
    await start({ blackout: "2000-01-01..2099-12-31" });
    hostFile(secondSourceFile, JSON.stringify({ state: "unknown", why: "the check hangs" }));
    await wantReboot();
    await until("it waits", async () => (await phase()) === "Waiting");
    const need = async () => (await record())?.need?.reasons;
    await until("it names both", async () => (await need())?.length === 2);
    assert.deepEqual(await need(), ["reboot-required", "cannot tell: the check hangs"]);
    hostFile(secondSourceFile, JSON.stringify({ state: "needed", source: "command", reasons: ["firmware"] }));
    await until("it names the other need", async () => (await need())?.[1] === "firmware");
    hostFile(secondSourceFile, JSON.stringify({ state: "not-needed" }));
    await until("it names the file alone", async () => (await need())?.join() === "reboot-required");
  });

  it("is awaited while no source can tell, and served once one can", async () => {
    await start();
    hostFile(doubtFile, "");
    await wantReboot();
    await until("it waits", async () => (await phase()) === "Waiting");
    assert.deepEqual(await reasons(), [
      "need (cannot-tell): cannot tell whether a reboot is needed: there is no folder /run",
    ]);
    await pass(10 * minute);
    assert.equal(story.boots(), 1);
    hostFile(doubtFile, undefined);
    await until("it is rebooted", isRebooted);
  });

  it("waits for the end of an update that is under way, also where a person has requested the reboot", async () => {
    await start();
    hostFile(updateFile, now());
    await wantReboot();
    await story.patchNode({ metadata: { annotations: { "rebootd.dev/reboot-requested": "urgent: CVE" } } });
    await until("it waits", async () => (await phase()) === "Waiting");
    assert.deepEqual(await reasons(), [
      "update (under-way): an update of the host is under way: update-under-way exists",
    ]);
    await pass(20 * minute);
    assert.equal(story.boots(), 1);
    hostFile(updateFile, undefined);
    await until("it is rebooted", isRebooted);
  });

  it("waits drained for an update that has begun during the drain", async () => {
    await start();
    await addPod("web");
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining");
    hostFile(updateFile, now());
    await pass(3 * minute);
    assert.deepEqual([await phase(), story.boots()], ["Draining", 1]);
    assert.match((await reasons()).join(), /update \(under-way\)/);
    hostFile(updateFile, undefined);
    await until("it is rebooted", isRebooted);
  });

  it("does not wait for the file of an update that was killed hours ago", async () => {
    await start();
    hostFile(updateFile, now());
    await pass(7 * 60 * minute);
    await wantReboot();
    await until("it is rebooted", isRebooted);
  });

  it("goes after those of others while the kernel is patched live, though it is older", async () => {
    await start({}, { nodes: 3 });
    await story.setLock('{"nodeID":"manual"}');
    hostFile(patchedFile, "");
    await wantReboot();
    await pass(20 * minute);
    for (const name of ["n2", "n3"]) node(name).wantsReboot();
    await pass(minute);
    await story.setLock(null);
    const rebooted = () =>
      story.world.machines.filter(({ boots }) => boots.length > 1).map(({ name }) => name);
    await until("two are rebooted", async () => rebooted().length === 2, 30 * minute);
    assert.deepEqual(rebooted(), ["n2", "n3"]);
    await until("the other one is rebooted", isRebooted, 30 * minute);
  });
});
