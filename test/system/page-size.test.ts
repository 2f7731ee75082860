import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { collection } from "../kubernetes/controllers/objects.ts";
import { annotationsOf, type ScriptedNode } from "../ui/scripted-fleet.ts";
import { assertQuiet, type Stage, startStage } from "./page-stage.ts";

const size = 5000;
const changedCount = 100;
/** Of an idle machine; a busy one gets four times as much. */
const [firstPaintMs, updateMs, patience] = [1000, 50, 4];

function nodeOf(n: number, phase: "Idle" | "Waiting" = n % 5 === 0 ? "Waiting" : "Idle"): ScriptedNode {
  const since = new Date(Date.now() - n * 60_000).toISOString();
  return {
    name: `node-${String(n).padStart(5, "0")}`,
    labels: { "topology.kubernetes.io/zone": `zone-${"abc"[n % 3]}` },
    daemon: "none",
    record: {
      phase,
      since,
      ...(phase === "Waiting" && {
        need: { source: "file", reasons: ["libc6"], since },
        reasons: [{ gate: "window", code: "outside", message: "outside the maintenance window", since }],
      }),
    },
  };
}

/** Writes down when all tiles are there, at the next frame; in the document, as the page allows no code from elsewhere. */
const hooks = `(function look() {
  if (document.querySelectorAll("[data-name]").length < ${size}) return requestAnimationFrame(look);
  requestAnimationFrame(() => document.documentElement.setAttribute("data-all-shown-ms", performance.now()));
})()`;

describe(`The page of a cluster with ${size} nodes`, () => {
  let stage: Stage;

  before(async function () {
    this.timeout(300_000);
    stage = await startStage({ nodes: Array.from({ length: size }, (_, n) => nodeOf(n)) });
  });
  after(() => stage?.stop());

  it(`is there within ${firstPaintMs} ms, and takes ${changedCount} changes within ${updateMs} ms`, async function () {
    this.timeout(120_000);
    // The server reads the cluster before it has anything to show.
    await (await stage.open()).close();
    const tab = await stage.browser.open({}, hooks);
    const { page } = tab;
    const shownMs = Math.min(await showMs(stage, page), await showMs(stage, page), await showMs(stage, page));
    const session = await page.context().newCDPSession(page);
    // Time of the processor, not of a clock: a busy machine does not count.
    await session.send("Performance.enable", { timeDomain: "threadTicks" });
    const busyMs = async (meanwhile: () => Promise<unknown>) => {
      const taskMs = async () => {
        const { metrics } = await session.send("Performance.getMetrics");
        return 1000 * (metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN);
      };
      const before = await taskMs();
      await meanwhile();
      // What is shown follows within a second or two.
      await page.waitForTimeout(3000);
      return (await taskMs()) - before;
    };
    await page.waitForTimeout(2000);
    // The clock of the page ticks on beside the changes.
    const idleMs = await busyMs(async () => {});
    const changed = Array.from({ length: changedCount }, (_, n) => nodeOf(n * 5, "Idle"));
    const changeMs = (await busyMs(() => write(stage, changed))) - idleMs;
    for (const { name } of [changed[0], changed.at(-1)].filter((node) => node !== undefined))
      assert.match((await page.locator(`[data-name="${name}"]`).getAttribute("data-phase")) ?? "", /idle/i);

    console.log(
      `      all tiles after ${shownMs.toFixed(0)} ms; the main thread was busy with ${changedCount} changes for ${changeMs.toFixed(0)} ms`,
    );
    assert.ok(shownMs < patience * firstPaintMs, `${shownMs} ms`);
    assert.ok(changeMs < patience * updateMs, `${changeMs} ms`);
    assertQuiet(tab, stage.ui);
  });
});

/** Milliseconds from the call of the page until all tiles are drawn. */
async function showMs({ ui }: Stage, page: Page): Promise<number> {
  await page.goto("about:blank");
  await page.goto(ui.url);
  const all = page.locator("html[data-all-shown-ms]");
  await all.waitFor({ timeout: 60_000 });
  return Number(await all.getAttribute("data-all-shown-ms"));
}

/** As their daemons would do it, all at once. */
async function write({ api }: Stage, nodes: readonly ScriptedNode[]): Promise<void> {
  const { signal } = new AbortController();
  const patches = nodes.map((node) => {
    const body = { metadata: { annotations: annotationsOf(node, Date.now()) } };
    return api.patch(`${collection("nodes")}/${node.name}`, body, { signal });
  });
  await Promise.all(patches);
}
