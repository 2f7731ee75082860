import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { shopFleet } from "../ui/shop-fleet.ts";
import { type Kubectl, kubectls, startSession } from "./kubectl.ts";
import { assertQuiet, type Stage, startStage } from "./page-stage.ts";

describe("The page with --allow-changes", () => {
  let stage: Stage;
  let kubectl: Kubectl;

  before(async function () {
    this.timeout(120_000);
    kubectl = kubectls()[0] ?? assert.fail("there is none");
    stage = await startStage(shopFleet(Date.now()), "--allow-changes");
  });
  after(() => stage?.stop());

  /** The annotation as kubectl shows it; empty where there is none. */
  async function annotation(object: string, key: string): Promise<string> {
    const path = `jsonpath={.metadata.annotations.${key.replaceAll(".", "\\.")}}`;
    const { code, text } = await startSession(kubectl, stage.kubeconfig).run([
      "get",
      ...object.split(" "),
      "-o",
      path,
    ]);
    assert.equal(code, 0, text);
    return text;
  }

  const lease = "-n kube-system lease/rebootd";

  /** Opens the dialog of the button, fills it in, confirms it, and waits until the page says that it is done. */
  async function change(page: Page, button: string, confirm: string, reason?: string): Promise<void> {
    await page.getByRole("button", { name: button }).first().click();
    const dialog = page.getByRole("dialog");
    if (reason !== undefined) await dialog.getByLabel(/Reason/).fill(reason);
    await dialog.getByRole("button", { name: confirm }).click();
    await dialog.waitFor({ state: "detached" });
    await page.locator(".toast").filter({ hasText: /./ }).waitFor();
  }

  it("pauses all nodes and resumes them, as kubectl sees it", async () => {
    const tab = await stage.open();
    await change(tab.page, "Pause all…", "Pause all nodes", "moving racks");
    assert.match(await annotation(lease, "rebootd.dev/paused"), /moving racks/);
    await tab.page.locator(".notices").getByText("moving racks").waitFor();
    await change(tab.page, "Resume all…", "Resume all nodes");
    assert.equal(await annotation(lease, "rebootd.dev/paused"), "");
    assertQuiet(tab, stage.ui);
    await tab.close();
  });

  it("locks the cluster and unlocks it", async () => {
    const tab = await stage.open();
    await change(tab.page, "Lock…", "Lock", "new switch");
    assert.match(await annotation(lease, "rebootd.dev/lock"), /"nodeID":"manual",.*"reason":"new switch/);
    await tab.page.locator(".notices").getByText("new switch").waitFor();
    await change(tab.page, "Unlock…", "Unlock");
    assert.doesNotMatch(await annotation(lease, "rebootd.dev/lock"), /manual/);
    // The holders are as they were.
    assert.match(await annotation(lease, "rebootd.dev/lock"), /"nodeID":"worker-01"/);
    assertQuiet(tab, stage.ui);
    await tab.close();
  });

  it("requests the reboot of a node, pauses it and resumes it", async () => {
    const tab = await stage.open("#/node/worker-12");
    await change(tab.page, "Reboot…", "Request the reboot", "firmware");
    assert.match(await annotation("node/worker-12", "rebootd.dev/reboot-requested"), /firmware/);
    await change(tab.page, "Pause…", "Pause the node", "new disk");
    assert.match(await annotation("node/worker-12", "rebootd.dev/paused"), /new disk/);
    await change(tab.page, "Resume…", "Resume the node");
    assert.equal(await annotation("node/worker-12", "rebootd.dev/paused"), "");
    assertQuiet(tab, stage.ui);
    await tab.close();
  });

  it("changes nothing if the person cancels, or the cluster refuses", async () => {
    const tab = await stage.open();
    const { page } = tab;
    await page.getByRole("button", { name: "Pause all…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    const match = { verb: "patch", resource: "leases" };
    const fault = stage.server.api.faults.add({ match, effect: { status: 500 } });
    await page.getByRole("button", { name: "Pause all…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Pause all nodes" }).click();
    await page.getByRole("dialog").getByRole("alert").filter({ hasText: /./ }).waitFor();
    fault.remove();
    assert.equal(await annotation(lease, "rebootd.dev/paused"), "");
    await tab.close();
  });

  it("is of use with a keyboard alone", async () => {
    const tab = await stage.open();
    const { page } = tab;
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    const focus = () =>
      page.evaluate("document.activeElement.dataset.name ?? document.activeElement.textContent");
    await page.locator('[data-name="worker-24"]').waitFor();
    for (let n = 0; n < 60 && !/^worker-/.test(String(await focus()).trim()); n += 1) await press("Tab");
    await page.evaluate("document.querySelector('[data-name][tabindex=\"0\"]').focus()");
    const first = await focus();
    await press("ArrowRight", "ArrowRight");
    const third = String(await focus());
    assert.notEqual(third, first);
    await press("Enter");
    await page.getByRole("heading", { level: 1, name: third }).waitFor();
    await press("Escape");
    await page.getByRole("grid").waitFor();
    await press("/");
    await page.keyboard.type("worker-06");
    await page.getByText("1 of 24 nodes match.").waitFor();
    await press("Escape", "?");
    await page.getByRole("dialog").waitFor();
    await press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    for (let n = 0; n < 20 && (await focus()) !== "Pause all…"; n += 1) await press("Tab");
    for (let n = 0; n < 20 && (await focus()) !== "Pause all…"; n += 1) await press("Shift+Tab");
    assert.equal(await focus(), "Pause all…");
    await press("Enter");
    await page.keyboard.type("by hand");
    await press("Enter");
    await page.locator(".notices").getByText("by hand").waitFor();
    assert.match(await annotation(lease, "rebootd.dev/paused"), /by hand/);
    assertQuiet(tab, stage.ui);
    await tab.close();
  });
});
