import assert from "node:assert/strict";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { shopFleet } from "../ui/shop-fleet.ts";
import { person, type Stage, startStage } from "./page-stage.ts";

/**
 * A site that somebody has opened beside the page, and that even knows its address with the secret. `target` is that
 * address. Each attempt ends with a word: "read" and what it got, or how it failed.
 */
const attempts = {
  "reads by fetch": `fetch(target + "events").then((a) => a.text()).then((t) => "read " + t)`,
  "reads a node by fetch": `fetch(target + "node/worker-01").then((a) => a.text()).then((t) => "read " + t)`,
  "reads by an event stream": `new Promise((done) => {
    const stream = new EventSource(target + "events");
    stream.addEventListener("fleet", ({ data }) => done("read " + data));
    stream.addEventListener("error", () => done("failed"));
  })`,
  "posts by fetch as the page does": `fetch(target + "lock", {
    method: "POST", headers: { "content-type": "application/json", "x-rebootd": "1" }, body: "{}" }).then((a) => a.text()).then((t) => "read " + t)`,
  "posts blindly by fetch": `fetch(target + "lock", { method: "POST", mode: "no-cors", headers: { "content-type": "text/plain" }, body: "{}" }).then(() => "sent")`,
  "posts blindly by a beacon": `Promise.resolve(navigator.sendBeacon(target + "lock", "{}") && "sent")`,
  "posts a form": `new Promise((done) => {
    const form = document.createElement("form");
    Object.assign(form, { action: target + "lock", method: "post", enctype: "text/plain", target: "hidden" });
    const frame = document.createElement("iframe");
    frame.name = "hidden";
    const field = document.createElement("input");
    Object.assign(field, { name: '{"reason":"', value: '"}' });
    form.append(field);
    document.body.append(frame, form);
    form.submit();
    setTimeout(() => done("sent"), 1000);
  })`,
  "opens it and reads the window": `new Promise((done) => {
    const other = open(target);
    setTimeout(() => {
      try { done("read " + other.document.body.innerText); } catch { done("failed"); }
    }, 2000);
  })`,
  "embeds it": `new Promise((done) => {
    const frame = document.createElement("iframe");
    frame.src = target;
    frame.name = "embedded";
    frame.onload = () => setTimeout(() => {
      try { done(frame.contentDocument ? "read " + frame.contentDocument.body.innerText : "failed"); } catch { done("failed"); }
    }, 500);
    document.body.append(frame);
  })`,
  "embeds its script": `new Promise((done) => {
    const script = document.createElement("script");
    script.src = target + "page.js";
    script.type = "module";
    script.onload = () => done("read a script");
    script.onerror = () => done("failed");
    document.body.append(script);
  })`,
} as const;

describe("A second site beside the page, which knows its address", () => {
  let stage: Stage;
  let site: Server;
  let siteUrl: string;

  before(async function () {
    this.timeout(120_000);
    stage = await startStage(shopFleet(Date.now()), "--allow-changes");
    site = createServer((_, response) => {
      response.setHeader("content-type", "text/html");
      response.end("<!doctype html><title>Cats</title><body>Cats");
    });
    await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
    siteUrl = `http://127.0.0.1:${(site.address() as AddressInfo).port}/`;
  });
  after(async () => {
    await stage?.stop();
    site?.close();
  });

  const writes = () =>
    stage.server.api.ledger
      .entries({ user: person.name })
      .filter(({ verb }) => !["get", "list", "watch"].includes(verb));

  for (const [what, code] of Object.entries(attempts)) {
    it(`changes nothing, and gets nothing to read, if it ${what}`, async () => {
      const { page, close } = await stage.browser.open();
      await page.goto(siteUrl);
      const target = JSON.stringify(stage.ui.url);
      const outcome = await page.evaluate(`((target) => ${code})(${target}).catch(() => "failed")`);
      assert.doesNotMatch(String(outcome), /^read/);
      const embedded = page.frame({ name: "embedded" });
      if (embedded !== null) assert.match(embedded.url(), /^chrome-error:/);
      assert.deepEqual(writes(), []);
      await close();
    });
  }

  it("gets no answer under a name of its own that leads to this machine", async () => {
    const { port, pathname } = new URL(stage.ui.url);
    for (const host of ["rebind.example.com", `rebind.example.com:${port}`]) {
      const status = await statusOf({ port, path: pathname, headers: { host } });
      assert.ok(status >= 400, `${host}: ${status}`);
    }
    assert.equal(await statusOf({ port, path: pathname, headers: {} }), 200);
  });

  it("gets no answer without the secret", async () => {
    const { port } = new URL(stage.ui.url);
    for (const path of ["/", "/events", `/${"0".repeat(43)}/`]) {
      const status = await statusOf({ port, path, headers: {} });
      assert.ok(status >= 400, `${path}: ${status}`);
    }
  });
});

function statusOf(options: { port: string; path: string; headers: Record<string, string> }): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", ...options }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on("error", reject)
      .end();
  });
}
