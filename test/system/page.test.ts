import assert from "node:assert/strict";
import { shopFleet } from "../ui/shop-fleet.ts";
import type { Tab } from "./browser.ts";
import { assertQuiet, person, type Stage, startStage } from "./page-stage.ts";

const views = { fleet: "#/", wave: "#/wave", calendar: "#/calendar", node: "#/node/worker-01" } as const;

/** Nodes of the fleet with their state, as its tile shows it. */
const tiles = [
  ["worker-01", "Draining", "1 pod remains: shop/cart-0"],
  ["worker-02", "Rebooting", "NotReady for 39m, kubelet not responding"],
  ["worker-03", "Returning", ""],
  ["worker-04", "Settling", ""],
  ["worker-05", "Restoring", ""],
  ["worker-06", "Failed", "the drain timed out"],
  ["worker-07", "Idle", "daemon CrashLoopBackOff (12 restarts, exit 2)"],
  ["worker-09", "Waiting", "all slots are taken (5 of 5)"],
] as const;

describe("The page of rebootd ui", () => {
  let stage: Stage;
  let tab: Tab;

  before(async function () {
    this.timeout(120_000);
    stage = await startStage(shopFleet(Date.now()));
    tab = await stage.open();
  });
  after(() => stage?.stop());

  for (const [name, phase, text] of tiles) {
    it(`shows ${name}, which is ${phase}${text && `: ${text}`}`, async () => {
      const tile = tab.page.locator(`[data-name="${name}"]`);
      await tile.waitFor();
      const shown = (await tile.innerText()).replaceAll(/\s+/g, " ");
      assert.ok(shown.includes(phase) && shown.includes(text), shown);
    });
  }

  it("shows the troubles first", async () => {
    const troubles = tab.page.locator('section[aria-labelledby="troubles-title"]');
    const shown = await troubles.innerText();
    for (const name of ["worker-02", "worker-06", "worker-07"]) assert.ok(shown.includes(name), shown);
    const [top, grid] = [await troubles.boundingBox(), await tab.page.getByRole("grid").boundingBox()];
    assert.ok(top !== null && grid !== null && top.y < grid.y);
  });

  it("shows a node with its explanation, its last cycles and its events", async () => {
    const { page } = await stage.open("#/node/worker-06");
    await page.getByText("slot acquired").or(page.getByText("DrainFailed")).first().waitFor();
    const shown = await page.locator("main").innerText();
    for (const text of ["the drain timed out", "linux-image-6.12.57", "DrainFailed"]) {
      assert.ok(shown.includes(text), `${text} is not in: ${shown}`);
    }
  });

  it("shows when nodes would reboot, in the windows and beside the blackouts", async () => {
    const { page } = await stage.open("#/calendar");
    await page.locator(".days .day").first().waitFor({ timeout: 60_000 });
    const shown = await page.locator("main").innerText();
    assert.match(shown, /Window/);
    assert.match(shown, /worker-\d\d/);
  });

  for (const colorScheme of ["light", "dark"] as const) {
    for (const [name, view] of Object.entries(views)) {
      it(`is clean to axe, quiet, and asks nobody else: ${name}, ${colorScheme}`, async () => {
        const one = await stage.open(view, { colorScheme });
        await one.page.locator("main [aria-busy]").waitFor({ state: "detached" });
        assert.deepEqual(await one.axe(), []);
        assertQuiet(one, stage.ui);
        await one.close();
      });
    }
  }

  it("asks the cluster for nothing but reads", () => {
    const asked = stage.server.api.ledger.entries({ user: person.name });
    assert.ok(asked.length > 0);
    const writes = asked.filter(({ verb }) => !["get", "list", "watch"].includes(verb));
    assert.deepEqual(writes, []);
  });
});
