import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { NotBegun } from "../../daemon/cluster/exchange.ts";
import { exchangeByHttp2 } from "../../daemon/cluster/http2.ts";

describe("A request over HTTP/2", () => {
  it("may be sent over another connection if its own has been closed since it was chosen", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await once(session, "connect");
    session.close();
    const { signal } = new AbortController();
    try {
      const asked = exchangeByHttp2(session, "test", { method: "GET", path: "/", headers: {}, signal });
      await assert.rejects(asked, NotBegun);
    } finally {
      server.close();
    }
  });
});
