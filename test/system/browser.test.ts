import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, startBrowser, type Tab } from "./browser.ts";

/** A page with one fault of each kind that the tests of the page look for. */
const faulty = `<!doctype html><html lang="en"><title>t</title><main><h1>h</h1><button></button>
<img alt="i" src="http://127.0.0.1:1/i"></main><script>console.error("wrong"); throw new Error("uncaught")</script>`;

describe("Debian's Chromium", () => {
  let browser: Browser;
  let server: Server;
  let tab: Tab;

  before(async () => {
    server = createServer((_, response) => void response.setHeader("content-type", "text/html").end(faulty));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    browser = await startBrowser();
    tab = await browser.open();
    await tab.page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });

  it("tells errors of the console and errors that no code caught", () => {
    assert.ok(tab.complaints.some((line) => line.startsWith("console error: wrong")));
    assert.ok(tab.complaints.some((line) => line.startsWith("error: Error: uncaught")));
  });

  it("tells each request, also one to somebody else", () => {
    assert.ok(tab.requests.includes("http://127.0.0.1:1/i"), tab.requests.join("\n"));
  });

  it("tells what axe finds", async () => {
    const found = await tab.axe();
    assert.equal(found.length, 1);
    assert.match(found[0] ?? "", /^button-name: .*<button><\/button>/);
  });
});
