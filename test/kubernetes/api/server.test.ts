import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { Transport } from "../../../daemon/cluster/transport.ts";
import { bodyOf } from "./bodies.ts";
import { createApiServer } from "./server.ts";

async function send(
  transport: Transport,
  method: "GET" | "POST" | "PATCH" | "DELETE",
  path: string,
  body?: unknown,
) {
  const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
  const response = await transport({
    method,
    path,
    headers: { "content-type": type },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: new AbortController().signal,
  });
  return { status: response.status, body: JSON.parse(await bodyOf(response)) };
}

const node = (name: string) => ({ metadata: { name } });

describe("The simulated API server", () => {
  it("stores what is created and answers with it", async () => {
    const server = createApiServer();
    const admin = server.transport(server.adminToken);
    assert.equal((await send(admin, "POST", "/api/v1/nodes", node("a"))).status, 201);
    assert.equal((await send(admin, "GET", "/api/v1/nodes/a")).body.metadata.name, "a");
  });

  it("notes each request in the ledger", async () => {
    const server = createApiServer();
    await send(server.transport(server.adminToken), "GET", "/api/v1/nodes/a");
    const [entry] = server.ledger.entries({ resource: "nodes" });
    assert.deepEqual(
      [entry?.user, entry?.verb, entry?.name, entry?.status],
      ["kubernetes-admin", "get", "a", 404],
    );
  });

  it("gives the same uids under the same seed", async () => {
    const uidUnder = async (seed: number) => {
      let state = seed;
      const random = () => {
        state = (state * 16807) % 2147483647;
        return state / 2147483647;
      };
      const server = createApiServer({ random });
      return (await send(server.transport(server.adminToken), "POST", "/api/v1/nodes", node("a"))).body
        .metadata.uid;
    };
    assert.equal(await uidUnder(7), await uidUnder(7));
    assert.notEqual(await uidUnder(7), await uidUnder(8));
  });

  describe("while it is away", () => {
    it("gives no answer, and has lost nothing when it is back", async () => {
      const server = createApiServer();
      const admin = server.transport(server.adminToken);
      await send(admin, "POST", "/api/v1/nodes", node("a"));
      server.setAway(true);
      await assert.rejects(send(admin, "GET", "/api/v1/nodes/a"), { code: "ECONNRESET" });
      server.setAway(false);
      assert.equal((await send(admin, "GET", "/api/v1/nodes/a")).status, 200);
    });
  });

  it("breaks what it has not answered when it goes away", async () => {
    const server = createApiServer();
    server.faults.add({ effect: "hang" });
    const waiting = send(server.transport(server.adminToken), "GET", "/version");
    server.setAway(true);
    await assert.rejects(waiting, { code: "ECONNRESET" });
  });

  describe("with a fault", () => {
    it("answers with the status that was asked for, as often as was asked", async () => {
      const server = createApiServer();
      const admin = server.transport(server.adminToken);
      const fault = server.faults.add({
        match: { verb: "list" },
        times: 1,
        effect: { status: 429, retryAfter: 2 },
      });
      assert.equal((await send(admin, "GET", "/api/v1/nodes")).body.details.retryAfterSeconds, 2);
      assert.equal((await send(admin, "GET", "/api/v1/nodes")).status, 200);
      assert.equal(fault.hits, 1);
    });

    it("reset-before does nothing, reset-after does what was asked and says nothing", async () => {
      const server = createApiServer();
      const admin = server.transport(server.adminToken);
      server.faults.add({ times: 1, effect: "reset-before" });
      await assert.rejects(send(admin, "POST", "/api/v1/nodes", node("a")));
      server.faults.add({ times: 1, effect: "reset-after" });
      await assert.rejects(send(admin, "POST", "/api/v1/nodes", node("b")));
      assert.equal((await send(admin, "GET", "/api/v1/nodes/a")).status, 404);
      assert.equal((await send(admin, "GET", "/api/v1/nodes/b")).status, 200);
    });

    it("hangs until the client gives up", async () => {
      const server = createApiServer();
      server.faults.add({ effect: "hang" });
      const gaveUp = new AbortController();
      const admin = server.transport(server.adminToken);
      const waiting = admin({ method: "GET", path: "/version", headers: {}, signal: gaveUp.signal });
      gaveUp.abort(new Error("enough"));
      await assert.rejects(waiting, { message: "enough" });
    });
  });
});
