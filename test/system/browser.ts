/** Debian's Chromium without a screen, for the page of `rebootd ui`. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** A tab in a profile of its own, and all that it has complained about or asked for. */
export interface Tab {
  page: Page;
  /** Errors and warnings of the console, errors that no code caught, crashes; each with its kind. */
  complaints: readonly string[];
  /** Address of each request, in the order in which they began. */
  requests: readonly string[];
  /** What axe finds on the page as it is now: one line for each rule and element, none where it is clean. */
  axe(): Promise<string[]>;
  close(): Promise<void>;
}

export interface Browser {
  /** An empty tab. `hooks` runs in each document of the tab before the page's own code. */
  open(options?: BrowserContextOptions, hooks?: string): Promise<Tab>;
  /** Ends the process, and removes its profiles. */
  close(): Promise<void>;
}

const launchMs = 60_000;
const waitMs = 15_000;
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Resolves when the process is up; rejects after a minute. */
export async function startBrowser(): Promise<Browser> {
  const executablePath = process.env["CHROMIUM"];
  assert.ok(executablePath, "CHROMIUM names a Chromium; test/system/run.sh sets it");
  // A sandbox of its own is not to be had for root. Nothing but the page of the test is opened.
  const args = ["--no-sandbox", "--disable-gpu", "--force-color-profile=srgb"];
  const browser = await chromium.launch({ executablePath, args, headless: true, timeout: launchMs });
  return {
    close: () => browser.close(),
    async open(options = {}, hooks) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
      context.setDefaultTimeout(waitMs);
      if (hooks !== undefined) await context.addInitScript({ content: hooks });
      const page = await context.newPage();
      return { ...listenTo(page), page, axe: () => askAxe(page), close: () => context.close() };
    },
  };
}

function listenTo(page: Page): Pick<Tab, "complaints" | "requests"> {
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) {
      complaints.push(`console ${message.type()}: ${message.text()} (${message.location().url})`);
    }
  });
  page.on("pageerror", (error) => complaints.push(`error: ${error.stack ?? error.message}`));
  page.on("crash", () => complaints.push("crash"));
  page.on("request", (request) => requests.push(request.url()));
  return { complaints, requests };
}

interface AxeResults {
  violations: { id: string; help: string; nodes: { html: string; failureSummary?: string }[] }[];
}

/** By the debugger, so that the page's own rules for scripts stay as they are. */
async function askAxe(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  const { violations } = (await page.evaluate("axe.run()")) as AxeResults;
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary = "" }) =>
      [`${id}: ${help}`, html.slice(0, 200), failureSummary.replaceAll(/\s+/g, " ")].join(" | "),
    ),
  );
}
