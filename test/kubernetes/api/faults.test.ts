import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { createApiServer } from "./server.ts";
import { createSteppedTimers, settled } from "./stepped-timers.ts";

/** A server with two clients, one of whom something is wrong with. */
function scene(random: () => number = Math.random) {
  const timers = createSteppedTimers();
  const server = createApiServer({ timers, random, authorization: "always-allow" });
  const tokens = { poor: server.addUser({ name: "poor", groups: [] }), rich: server.adminToken };

  function send(who: keyof typeof tokens, method: "GET" | "POST", path: string, body?: object) {
    return server.transport(tokens[who])({
      method,
      path,
      headers: {},
      signal: new AbortController().signal,
      ...(body && { body: JSON.stringify(body) }),
    });
  }

  async function watch(who: keyof typeof tokens) {
    const seen: string[] = [];
    const found = { seen, end: "open" };
    const response = await send(who, "GET", "/api/v1/nodes?watch=1&resourceVersion=0");
    const read = async () => {
      for await (const chunk of response.chunks()) {
        for (const line of chunk.split("\n").filter(Boolean))
          seen.push(JSON.parse(line).object.metadata.name);
      }
      found.end = "closed";
    };
    void read().catch((error) => {
      found.end = error.code;
    });
    await settled();
    return found;
  }

  const node = (name: string) => send("rich", "POST", "/api/v1/nodes", { metadata: { name } });
  return { timers, server, send, watch, node };
}

describe("Late events of a watch", () => {
  it("arrive after the delay, of this client alone, also in a watch that is open already", async () => {
    const { timers, server, watch, node } = scene();
    const poor = await watch("poor");
    const rich = await watch("rich");
    server.faults.add({ match: { user: "poor" }, effect: { watchDelayMs: 500 } });
    await node("a");
    await timers.pass(499);
    assert.deepEqual([poor.seen, rich.seen], [[], ["a"]]);
    await timers.pass(1);
    assert.deepEqual(poor.seen, ["a"]);
  });

  it("keep their order and their distance", async () => {
    const { timers, server, watch, node } = scene();
    const { seen } = await watch("poor");
    const fault = server.faults.add({ match: { user: "poor" }, effect: { watchDelayMs: 500 } });
    await node("a");
    await timers.pass(200);
    await node("b");
    fault.remove();
    await node("c");
    await timers.pass(300);
    assert.deepEqual(seen, ["a"]);
    await timers.pass(200);
    assert.deepEqual(seen, ["a", "b", "c"]);
  });

  it("do not arrive through a connection that has broken meanwhile", async () => {
    const { timers, server, watch, node } = scene();
    const poor = await watch("poor");
    server.faults.add({ match: { user: "poor" }, effect: { watchDelayMs: 500 } });
    await node("a");
    server.cutWatches();
    await timers.pass(1000);
    assert.deepEqual([poor.seen, poor.end], [[], "ECONNRESET"]);
  });

  it("are the same ones under the same seed", async () => {
    async function lateOnes(seed: number): Promise<string[]> {
      let state = seed;
      const random = () => {
        state = (state * 48271) % 2147483647;
        return state / 2147483647;
      };
      const { server, watch, node } = scene(random);
      const { seen } = await watch("poor");
      server.faults.add({ probability: 0.3, effect: { watchDelayMs: 500 } });
      for (let i = 0; i < 10; i++) await node(`n${i}`);
      await settled();
      return seen;
    }
    const first = await lateOnes(7);
    assert.ok(first.length < 10, `${first.length} of 10 came at once`);
    assert.deepEqual(await lateOnes(7), first);
  });
});

describe("A client that is cut off", () => {
  it("gets no answer, and loses its watches; the others notice nothing", async () => {
    const { server, send, watch, node } = scene();
    const poor = await watch("poor");
    const rich = await watch("rich");
    server.partition("poor");
    await node("a");
    await settled();
    assert.deepEqual(
      [poor, rich],
      [
        { seen: [], end: "ECONNRESET" },
        { seen: ["a"], end: "open" },
      ],
    );
    await assert.rejects(send("poor", "GET", "/api/v1/nodes"), { code: "ECONNRESET" });
    assert.equal(server.ledger.count({ user: "poor", verb: "list" }), 0);
  });

  it("gets no answer to a request that is under way", async () => {
    const { server, send } = scene();
    server.faults.add({ match: { user: "poor" }, effect: "hang" });
    const broken = assert.rejects(send("poor", "GET", "/api/v1/nodes"), { code: "ECONNRESET" });
    await settled();
    server.partition("poor");
    await broken;
  });

  it("is back once every cut is healed", async () => {
    const { server, send } = scene();
    const first = server.partition("poor");
    const second = server.partition("poor");
    first.heal();
    first.heal();
    await assert.rejects(send("poor", "GET", "/api/v1/nodes"));
    second.heal();
    assert.equal((await send("poor", "GET", "/api/v1/nodes")).status, 200);
  });
});
