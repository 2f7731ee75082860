import assert from "node:assert/strict";
import { bodyOf } from "./bodies.ts";
import { type ApiServer, createApiServer } from "./server.ts";
import { createSteppedTimers, type SteppedTimers, settled } from "./stepped-timers.ts";

interface Stored {
  metadata: { resourceVersion: string; annotations?: Record<string, string> };
}

describe("A server whose Nodes are put back to an earlier state", () => {
  let server: ApiServer;
  let timers: SteppedTimers;
  let backup: number;

  async function send(method: "GET" | "POST" | "PATCH", path: string, body?: object): Promise<string> {
    const contentType = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const answer = await server.transport(server.adminToken)({
      method,
      path,
      headers: { "content-type": contentType },
      ...(body && { body: JSON.stringify(body) }),
      signal: new AbortController().signal,
    });
    return await bodyOf(answer);
  }

  const annotate = (name: string, value: string) =>
    send("PATCH", `/api/v1/nodes/${name}`, { metadata: { annotations: { value } } });
  const node = async (name: string) => JSON.parse(await send("GET", `/api/v1/nodes/${name}`)) as Stored;

  /** What a watch from this version has shown, as it arrives. */
  async function watch(version: number): Promise<{ seen: string[]; isOpen: () => boolean }> {
    const answer = await server.transport(server.adminToken)({
      method: "GET",
      path: `/api/v1/nodes?watch=true&resourceVersion=${version}`,
      headers: {},
      signal: new AbortController().signal,
    });
    const seen: string[] = [];
    let isOpen = true;
    const read = async () => {
      for await (const chunk of answer.chunks())
        seen.push(...chunk.split("\n").filter((line) => line !== ""));
    };
    void read().catch(() => {
      isOpen = false;
    });
    return { seen, isOpen: () => isOpen };
  }

  beforeEach(async () => {
    timers = createSteppedTimers();
    server = createApiServer({ timers });
    await send("POST", "/api/v1/nodes", { metadata: { name: "a" } });
    await annotate("a", "before");
    backup = server.versionOf("nodes");
    for (const value of ["1", "2", "3"]) await annotate("a", value);
  });

  it("shows them as they were, under the version of then", async () => {
    server.restore({ nodes: backup });
    const { metadata } = await node("a");
    assert.deepEqual([metadata.annotations?.["value"], metadata.resourceVersion], ["before", String(backup)]);
  });

  it("gives versions out again that it has given out before, of that resource alone", async () => {
    const pods = server.versionOf("pods");
    server.restore({ nodes: backup });
    await annotate("a", "after");
    assert.equal((await node("a")).metadata.resourceVersion, String(backup + 1));
    assert.equal(server.versionOf("pods"), pods + 1);
  });

  it("breaks its watches, and says nothing to one that goes on from the future until that is reached", async () => {
    const open = await watch(backup + 3);
    server.restore({ nodes: backup });
    await settled();
    assert.ok(!open.isOpen());
    const resumed = await watch(backup + 3);
    for (const value of ["4", "5", "6"]) await annotate("a", value);
    await settled();
    assert.deepEqual([resumed.seen, resumed.isOpen()], [[], true]);
    await annotate("a", "7");
    await settled();
    assert.equal(resumed.seen.length, 1);
  });

  it("keeps objects that are younger than the backup", async () => {
    await send("POST", "/api/v1/nodes", { metadata: { name: "b" } });
    server.restore({ nodes: backup });
    assert.ok((await node("b")).metadata);
  });
});
