import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { Agent } from "undici";
import { type ApiServer, createApiServer, kubeconfig, type Listening, listen } from "./server.ts";

describe("The simulated API server over HTTPS", () => {
  let server: ApiServer;
  let https: Listening;
  let agent: Agent;
  before(async () => {
    server = createApiServer({ watchQueueMax: 100 });
    https = await listen(server);
    agent = new Agent({ connect: { ca: https.caPem } });
  });
  after(async () => {
    await agent.destroy();
    await https.close();
  });

  const send = (method: "GET" | "POST" | "PATCH", path: string, body?: object) =>
    agent.request({
      origin: https.url,
      path,
      method,
      headers: {
        authorization: `Bearer ${server.adminToken}`,
        "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json",
      },
      body: body ? JSON.stringify(body) : null,
    });

  it("answers whoever trusts its certificate and has a token", async () => {
    assert.equal((await send("GET", "/api/v1/nodes")).statusCode, 200);
  });

  it("says 401 to whoever has none", async () => {
    const answer = await agent.request({ origin: https.url, path: "/api/v1/nodes", method: "GET" });
    assert.equal(answer.statusCode, 401);
  });

  it("answers with its own words to a form of body that it does not read", async () => {
    const headers = {
      authorization: `Bearer ${server.adminToken}`,
      "content-type": "application/xml",
    };
    const answer = await agent.request({
      origin: https.url,
      path: "/api/v1/nodes",
      method: "POST",
      headers,
      body: "<node/>",
    });
    assert.equal(answer.statusCode, 415);
  });

  it("breaks connections while it is away, and is there again afterwards", async () => {
    const watch = await send("GET", "/api/v1/nodes?watch=1");
    const broken = assert.rejects(watch.body.text());
    server.setAway(true);
    await broken;
    await assert.rejects(send("GET", "/api/v1/nodes"));
    server.setAway(false);
    assert.equal((await send("GET", "/api/v1/nodes")).statusCode, 200);
  });

  it("breaks the connection after a write whose answer is to be lost", async () => {
    server.faults.add({ match: { verb: "create", resource: "nodes" }, times: 1, effect: "reset-after" });
    await assert.rejects(send("POST", "/api/v1/nodes", { metadata: { name: "lost" } }));
    assert.equal((await send("GET", "/api/v1/nodes/lost")).statusCode, 200);
  });

  it("ends a watch that nobody reads, whatever the socket holds", async () => {
    await send("POST", "/api/v1/namespaces/default/configmaps", { metadata: { name: "big" } });
    const watch = await send("GET", "/api/v1/namespaces/default/configmaps?watch=1");
    const before = server.openWatches;
    const text = "x".repeat(100_000);
    for (let i = 0; i < 400 && server.openWatches === before; i++) {
      const answer = await send("PATCH", "/api/v1/namespaces/default/configmaps/big", {
        data: { text: `${i}${text}` },
      });
      await answer.body.dump();
    }
    assert.equal(server.openWatches, before - 1);
    watch.body.destroy();
  });
});

describe("A kubeconfig", () => {
  it("names the server, its certificate and the token", () => {
    const text = kubeconfig({ url: "https://127.0.0.1:1", caPem: "PEM", token: "t0ken", user: "admin" });
    assert.match(text, /server: https:\/\/127\.0\.0\.1:1\n/);
    assert.match(text, new RegExp(`certificate-authority-data: ${Buffer.from("PEM").toString("base64")}\n`));
    assert.match(text, /token: t0ken\n/);
  });
});
