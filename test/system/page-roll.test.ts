import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Phase, phases } from "../../daemon/cycle/record.ts";
import { type HeldPhases, startHeldPhases } from "../e2e/held-phases.ts";
import { collection } from "../kubernetes/controllers/objects.ts";
import { startUi, type UiProcess } from "../world/ui-process.ts";
import { type Browser, startBrowser, type Tab } from "./browser.ts";
import { assertQuiet, opener, person } from "./page-stage.ts";

const lease = `${collection("leases", "kube-system")}/rebootd`;

/** What the page says of a node that is held in the phase, beside the phase itself. */
const reasons: Partial<Record<Phase, RegExp>> = {
  Waiting: /locked manually/,
  Draining: /PodDisruptionBudget/,
  Failed: /the machine did not go down|--reboot-command|reboot/,
};

/** Real daemons, a phase after the other, on a page that is open all the time. */
describe("The page during a roll with failures", () => {
  let held: HeldPhases;
  let ui: UiProcess;
  let browser: Browser;
  let tab: Tab;

  before(async function () {
    this.timeout(180_000);
    held = await startHeldPhases({
      workloads: [{ name: "web", replicas: 8, budget: { maxUnavailable: 2 } }],
      others: { lost: () => [] },
    });
    for (const [n, { patch }] of held.world.nodes.entries())
      await patch({ metadata: { labels: { "topology.kubernetes.io/zone": `zone-${"abc"[n % 3]}` } } });
    const kubeconfig = join(held.world.folder, "ana.kubeconfig");
    writeFileSync(kubeconfig, await held.suite.server.kubeconfigFor(person), { mode: 0o600 });
    ui = await startUi(kubeconfig);
    browser = await startBrowser();
    tab = await opener(ui, browser)();
  });
  after(async () => {
    await browser?.close();
    await ui?.stop();
    await held?.world.stop();
  });

  const tile = (name: string) => tab.page.locator(`[data-name="${name}"]`);
  const becomes = (name: string, text: string | RegExp) =>
    tile(name).filter({ hasText: text }).waitFor({ timeout: 60_000 });

  for (const phase of phases) {
    it(`shows a node that is ${phase}, and the end of its cycle`, async function () {
      this.timeout(180_000);
      const node = held.node(phase);
      // Some phases are over soon.
      const [letGo] = await Promise.all([held.reach(phase), becomes(node.name, phase)]);
      const reason = reasons[phase];
      if (reason !== undefined) await becomes(node.name, reason);
      await letGo();
      const end = phase === "Failed" || phase === "Restoring" ? "Failed" : "Idle";
      await held.world.until(`${node.name} is ${end}`, async () => (await node.phase()) === end, 120_000);
      await becomes(node.name, end);
    });
  }

  it("shows a machine that does not come back, and its return", async function () {
    this.timeout(180_000);
    const lost = held.world.node("lost");
    lost.machine.behaviour.comesBack = false;
    lost.wantsReboot();
    await held.world.until("it is down", () => !lost.machine.isUp, 60_000);
    await becomes("lost", "Rebooting");
    await becomes("lost", /NotReady/);
    await tab.page.locator('section[aria-labelledby="troubles-title"]').getByText("lost").waitFor();
    lost.machine.powerOn();
    await becomes("lost", "Idle");
  });

  it("shows a pause of all nodes", async () => {
    const pause = (text: string | null) =>
      held.world.api.patch(
        lease,
        { metadata: { annotations: { "rebootd.dev/paused": text } } },
        { signal: held.world.signal },
      );
    await pause("moving racks");
    const notice = tab.page.locator(".notices").getByText("moving racks");
    await notice.waitFor();
    await pause(null);
    await notice.waitFor({ state: "detached" });
  });

  it("shows a halt", async () => {
    const failures = [
      { node: "failed", at: new Date().toISOString(), message: "it did not come back", haltAfter: 1 },
    ];
    const set = (text: string | null) =>
      held.world.api.patch(
        lease,
        { metadata: { annotations: { "rebootd.dev/failures": text } } },
        { signal: held.world.signal },
      );
    await set(JSON.stringify(failures));
    await tab.page.locator(".notices .halt").getByText("HALTED").waitFor();
    await set(null);
  });

  it("shows that the daemon of a node is gone", async () => {
    const pod = {
      metadata: { name: "rebootd-x", labels: { "app.kubernetes.io/name": "rebootd" } },
      spec: { nodeName: "idle", containers: [{ name: "rebootd", image: "rebootd:0.1.0" }] },
    };
    const { api, signal } = held.world;
    const pods = collection("pods", "kube-system");
    await api.create(pods, pod, { signal });
    await becomes("failed", "no rebootd pod on it");
    await api.delete(`${pods}/rebootd-x`, { gracePeriodSeconds: 0 }, { signal });
  });

  it("shows the wave that there was", async () => {
    const { page } = await opener(ui, browser)("#/wave");
    await page.locator(".chart svg").first().waitFor();
    assert.match(await page.locator("main").innerText(), /rebooted/);
  });

  it("has complained about nothing, and asked nobody else", () => assertQuiet(tab, ui));
});
