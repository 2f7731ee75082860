import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Phase, phases } from "../../daemon/cycle/record.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { withDeadline } from "../../daemon/time/deadline.ts";
import { sentinelFile } from "../kubernetes/machines/machine.ts";
import { onSimulatedServer } from "../kubernetes/suite.ts";
import { daemonUser } from "../world/manifests.ts";
import type { HostNode } from "../world/world.ts";
import { readLog } from "./daemon-process.ts";
import { forEachHeldPhase, type HeldPhases, startHeldPhases } from "./held-phases.ts";

/** What the daemon promises. */
const stopMs = 5000;

/** Files of a machine: while the first is there the sentinel command does not end, and makes the second. */
const hang = "hang";
const hangs = "hangs";

/** exec, so that the process that hangs is the one that the daemon has started. */
function sentinelCommand(folder: string): string {
  const hanging = `test -e ${folder}/${hang} && touch ${folder}/${hangs} && exec sleep 60`;
  return `/bin/sh -c '${hanging}; test -e ${folder}/${sentinelFile}'`;
}

/** One on each node, and all at the same time, as there is a slot for each; a test awaits the one that it is about. */
const stories: (() => Promise<void>)[] = [];
let told: Promise<void>[];
let held: HeldPhases;

function story(sentence: string, tell: () => Promise<void>): void {
  const index = stories.push(tell) - 1;
  it(sentence, () => told[index]);
}

async function stopDaemon(node: HostNode, phase: Phase): Promise<void> {
  const what = `the end of the daemon of ${node.name}`;
  const how = await withDeadline(systemClock, stopMs, held.world.signal, what, () => node.stopDaemon());
  assert.equal(how, "exit code 0");
  const last = (await readLog(node.logFile)).findLast(({ message }) => message === "rebootd stopped");
  assert.equal(last?.phase, phase, "the daemon ended in another phase than the one that is tried");
}

describe("A daemon that is asked to end does so within 5 s, and its successor ends the cycle,", () => {
  before(async () => {
    held = await startHeldPhases({
      concurrency: 20,
      others: {
        unanswered: () => [],
        asking: ({ folder }) => ["--period=1s", `--reboot-sentinel-command=${sentinelCommand(folder)}`],
      },
    });
    told = stories.map((tell) => tell());
    for (const one of told) one.catch(() => {}); // Its test says so.
  });
  after(() => held.world.stop());

  forEachHeldPhase(phases, "a stop", (phase) => {
    story(phase === "Failed" ? "after its node has Failed" : `while its node is ${phase}`, async () => {
      const node = held.node(phase);
      const letGo = await held.reach(phase);
      await stopDaemon(node, phase);
      await letGo();
      await held.expectEnd(node);
    });
  });

  onSimulatedServer("a stop while the API server hangs", "needs faults", () => {
    story("while the API server does not answer", async () => {
      const node = held.world.node("unanswered");
      await held.hasSaid(node, "that it is Idle", ({ phase }) => phase === "Idle");
      const fault = held.suite.simulated?.faults.add({
        match: { name: node.name, where: ({ user }) => user === daemonUser.name },
        effect: "hang",
      });
      node.wantsReboot();
      await held.world.until("a request hangs", () => (fault?.hits ?? 0) > 0);
      await stopDaemon(node, "Idle");
      fault?.remove();
      await held.expectEnd(node);
    });
  });

  story("while the sentinel command does not end", async () => {
    const node = held.world.node("asking");
    await held.hasSaid(node, "that it is Idle", ({ phase }) => phase === "Idle");
    await writeFile(join(node.folder, hang), "");
    await held.world.until("the command hangs", () => existsSync(join(node.folder, hangs)));
    await stopDaemon(node, "Idle");
    await rm(join(node.folder, hang));
    node.wantsReboot();
    await held.expectEnd(node);
  });

  it("and nothing else happens", async () => {
    const expectedReboots = { restoring: 0, failed: 0 };
    assert.deepEqual((await held.world.report({ expectedReboots })).violations, []);
  });
});
