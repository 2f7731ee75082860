import assert from "node:assert/strict";
import { noHistory } from "../../daemon/cycle/history.ts";
import type { ScriptedFleet, ScriptedNode } from "../ui/scripted-fleet.ts";
import { assertQuiet, type Stage, startStage } from "./page-stage.ts";

const html = `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script><a href="javascript:hacked=1">a</a>`;
const terminal = "\u001b[31mred\u001b[0m\u001b]0;title\u0007";
/** From here on a browser would show the text from right to left, over the words of the page. */
const turned = "\u202eslaitnederc rouy\u202c\u2067x\u2069\u200f";
const text = `${html} ${terminal} ${turned} end`;

/** Whatever may be written into a Node by those who may write there, and into the lock. */
function hostileFleet(now: number): ScriptedFleet {
  const at = new Date(now - 60_000).toISOString();
  const node: ScriptedNode = {
    name: "worker-1",
    labels: { "topology.kubernetes.io/zone": "zone-a" },
    annotations: {
      "rebootd.dev/paused": text,
      "rebootd.dev/priority": text,
      [`rebootd.dev/${"x".repeat(20)}`]: text,
    },
    record: {
      phase: "Failed",
      since: at,
      need: { source: text, reasons: [text], since: at },
      reasons: [{ gate: text, code: text, message: text, since: at }],
      outcome: { result: "failed", at, message: text },
      history: { ...noHistory, last: [{ result: "failed", at, why: text, message: text }] },
    },
    events: [{ reason: text, type: "Warning", message: text, at }],
  };
  const waiting: ScriptedNode = {
    name: "worker-2",
    record: { phase: "Waiting", since: at, reasons: [{ gate: text, code: text, message: text, since: at }] },
  };
  const lock = {
    maxOwners: 2,
    locks: [
      { nodeID: "manual", since: at, reason: text },
      { nodeID: `gone-${html}`, created: at, TTL: 0 },
    ],
  };
  const failures = [{ node: html, at, message: text, haltAfter: 1 }];
  return {
    nodes: [node, waiting],
    annotations: {
      "rebootd.dev/lock": JSON.stringify(lock),
      "rebootd.dev/paused": text,
      "rebootd.dev/failures": JSON.stringify(failures),
      "rebootd.dev/pause": text,
    },
  };
}

describe("The page of a cluster with hostile texts", () => {
  let stage: Stage;

  before(async function () {
    this.timeout(120_000);
    stage = await startStage(hostileFleet(Date.now()), "--allow-changes");
  });
  after(() => stage?.stop());

  const views = [
    "#/",
    "#/wave",
    "#/calendar",
    "#/node/worker-1",
    `#/node/${encodeURIComponent(`gone-${html}`)}`,
  ];
  for (const [n, view] of views.entries()) {
    it(`shows them as texts: ${n === 4 ? "a holder that is no Node" : view}`, async () => {
      const tab = await stage.open(view);
      const { page } = tab;
      await page.locator("main .muted:visible", { hasText: "Reading" }).first().waitFor({ state: "hidden" });
      const shown = await page.locator("body").innerText();
      if (view !== "#/wave") assert.ok(shown.includes("<img src=x onerror="), shown);
      assert.doesNotMatch(shown, /(?![\n\t])\p{Cc}|[\u202a-\u202e\u2066-\u2069\u200e\u200f]/u);
      assert.equal(await page.evaluate("window.hacked"), undefined);
      assert.equal(await page.locator("img, body script, iframe, object, embed").count(), 0);
      assert.equal(await page.locator('a[href^="javascript:" i]').count(), 0);
      assert.equal(
        await page.evaluate(
          "[...document.querySelectorAll('*')].filter((one) => [...one.attributes].some(({ name }) => name.startsWith('on'))).length",
        ),
        0,
      );
      // The server knows nothing of a holder without a Node, and the browser tells every 404.
      const complaints = tab.complaints.filter((one) => !one.includes("/node/gone-"));
      assertQuiet({ ...tab, complaints }, stage.ui);
      await tab.close();
    });
  }

  it("shows them as texts in the dialog of a change", async () => {
    const tab = await stage.open();
    await tab.page.getByRole("button", { name: "Unlock…" }).click();
    assert.ok((await tab.page.getByRole("dialog").innerText()).includes("<img src=x onerror="));
    assert.equal(await tab.page.evaluate("window.hacked"), undefined);
    assertQuiet(tab, stage.ui);
  });
});
