import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContextOptions } from "playwright-core";
import type { Api } from "../../daemon/cluster/api.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { administrator, type SimulatedServer, startSimulatedServer } from "../kubernetes/server.ts";
import { installFleet, type ScriptedFleet } from "../ui/scripted-fleet.ts";
import { startUi, type UiProcess } from "../world/ui-process.ts";
import { type Browser, startBrowser, type Tab } from "./browser.ts";

/** A fleet that stands still, a `rebootd ui` for it, and a browser. */
export interface Stage {
  server: SimulatedServer;
  /** As an administrator. */
  api: Api;
  kubeconfig: string;
  ui: UiProcess;
  browser: Browser;
  /** The page in a tab of its own, with the fleet on it. `view` is the part of the address after `#`. */
  open(view?: string, options?: BrowserContextOptions): Promise<Tab>;
  stop(): Promise<void>;
}

/** Whose kubeconfig `rebootd ui` gets. */
export const person = { name: "ana", groups: ["system:masters"] };

export async function startStage(fleet: ScriptedFleet, ...options: readonly string[]): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), "rebootd-page-"));
  const server = await startSimulatedServer(systemClock, { authorization: "always-allow" });
  const kubeconfig = join(folder, "kubeconfig");
  let ui: UiProcess | undefined;
  let browser: Browser | undefined;
  const stop = async () => {
    await browser?.close();
    await ui?.stop();
    await server.stop();
    rmSync(folder, { recursive: true });
  };
  try {
    const api = server.apiFor(administrator);
    await installFleet(api, fleet, Date.now());
    writeFileSync(kubeconfig, await server.kubeconfigFor(person), { mode: 0o600 });
    ui = await startUi(kubeconfig, ...options);
    browser = await startBrowser();
    return { server, api, kubeconfig, ui, browser, open: opener(ui, browser), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

export function opener({ url }: UiProcess, browser: Browser): Stage["open"] {
  return async (view = "#/", options) => {
    const tab = await browser.open(options);
    await tab.page.goto(new URL(view, url).href);
    await tab.page.locator("header .cluster").filter({ hasText: /./ }).waitFor();
    return tab;
  };
}

/** It has complained about nothing, and asked nobody but its own server. */
export function assertQuiet({ complaints, requests }: Tab, { origin }: UiProcess): void {
  assert.deepEqual(complaints, []);
  const elsewhere = requests.filter((url) => !url.startsWith(`${origin}/`) && !url.startsWith("data:"));
  assert.deepEqual(elsewhere, []);
}
