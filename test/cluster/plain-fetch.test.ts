import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { plainFetch } from "../../daemon/cluster/plain-fetch.ts";

describe("A request to a provider of tokens, without WebAssembly", () => {
  let server: Server;
  let url: string;
  let asked: { request: IncomingMessage; body: string } | undefined;
  beforeEach(async () => {
    asked = undefined;
    server = createServer(async (request, response) => {
      asked = { request, body: await text(request) };
      if (request.url === "/nothing") response.writeHead(204).end();
      else if (request.url === "/elsewhere") response.writeHead(302, { location: "/" }).end();
      else if (request.url !== "/silent") response.setHeader("x-a", "b").end('{"token":"t"}');
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });

  it("posts a form, and has the answer as fetch has it", async () => {
    const body = new URLSearchParams({ grant_type: "refresh_token" });
    const answer = await plainFetch(`${url}/token?a=b`, { method: "POST", body, headers: { accept: "x/y" } });
    assert.deepEqual(
      [answer.ok, answer.headers.get("x-a"), await answer.json()],
      [true, "b", { token: "t" }],
    );
    const { method, headers, url: path } = asked?.request ?? assert.fail();
    assert.deepEqual(
      [method, path, headers.accept, asked?.body],
      ["POST", "/token?a=b", "x/y", String(body)],
    );
    assert.match(headers["content-type"] ?? "", /^application\/x-www-form-urlencoded/);
  });

  it("follows no redirect, and takes an answer without a body", async () => {
    assert.equal((await plainFetch(`${url}/elsewhere`)).status, 302);
    assert.equal(await (await plainFetch(new URL(`${url}/nothing`))).text(), "");
  });

  it("ends with its signal", async () => {
    await assert.rejects(plainFetch(`${url}/silent`, { signal: AbortSignal.timeout(50) }));
  });
});
