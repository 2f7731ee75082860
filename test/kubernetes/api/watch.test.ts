import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { bodyOf } from "./bodies.ts";
import { type ApiServer, type ApiServerOptions, createApiServer } from "./server.ts";
import { createSteppedTimers, type SteppedTimers, settled } from "./stepped-timers.ts";

class Scene {
  readonly timers: SteppedTimers = createSteppedTimers();
  readonly server: ApiServer;

  constructor(options: ApiServerOptions = {}) {
    this.server = createApiServer({ timers: this.timers, ...options });
  }

  async send(
    method: "GET" | "POST" | "PATCH",
    path: string,
    body?: unknown,
  ): Promise<{ metadata: { resourceVersion: string } }> {
    const headers = {
      "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json",
    };
    const signal = new AbortController().signal;
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    const transport = this.server.transport(this.server.adminToken);
    return JSON.parse(await bodyOf(await transport({ method, path, headers, signal, ...text })));
  }

  node(name: string) {
    return this.send("POST", "/api/v1/nodes", { metadata: { name } });
  }

  annotate(name: string, value: number) {
    return this.send("PATCH", `/api/v1/nodes/${name}`, {
      metadata: { annotations: { value: String(value) } },
    });
  }

  /** Opens a watch; what it sees stands in `seen`, as "TYPE name". With `reads` false nobody reads it. */
  async watch(query: string, reads = true) {
    const stop = new AbortController();
    const transport = this.server.transport(this.server.adminToken);
    const path = `/api/v1/nodes?watch=1&${query}`;
    const response = await transport({ method: "GET", path, headers: {}, signal: stop.signal });
    const watch = { seen: [] as string[], end: "open", stop, versions: [] as string[], response };
    const read = async () => {
      for await (const chunk of response.chunks()) {
        for (const line of chunk.split("\n").filter(Boolean)) {
          const { type, object } = JSON.parse(line);
          watch.seen.push(`${type} ${object.metadata.name ?? object.code ?? ""}`.trim());
          watch.versions.push(object.metadata.resourceVersion);
        }
      }
      watch.end = "closed";
    };
    if (reads) {
      void read().catch((error) => {
        watch.end = error.code;
      });
    }
    await settled();
    return {
      ...watch,
      get end() {
        return watch.end;
      },
      read,
    };
  }
}

describe("A watch", () => {
  it("starts with what is there when it names no version", async () => {
    const scene = new Scene();
    await scene.node("a");
    const { seen } = await scene.watch("");
    await scene.annotate("a", 1);
    await settled();
    assert.deepEqual(seen, ["ADDED a", "MODIFIED a"]);
  });

  it("shows what has happened since its version, and what happens", async () => {
    const scene = new Scene();
    const { metadata } = await scene.node("a");
    await scene.node("b");
    const { seen } = await scene.watch(`resourceVersion=${metadata.resourceVersion}`);
    await scene.node("c");
    await settled();
    assert.deepEqual(seen, ["ADDED b", "ADDED c"]);
  });

  it("marks the end of what is there when asked to", async () => {
    const scene = new Scene();
    await scene.node("a");
    const query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    const { seen } = await scene.watch(query);
    assert.deepEqual(seen, ["ADDED a", "BOOKMARK"]);
  });

  it("gets a bookmark with the newest version about every minute", async () => {
    const scene = new Scene();
    const { seen, versions } = await scene.watch("allowWatchBookmarks=true&fieldSelector=metadata.name=none");
    await scene.node("a");
    await scene.timers.pass(61_000);
    assert.deepEqual([seen, versions], [["BOOKMARK"], [scene.server.resourceVersion]]);
  });

  it("ends with its timeout", async () => {
    const scene = new Scene();
    const watch = await scene.watch("timeoutSeconds=5");
    await scene.timers.pass(4_999);
    assert.equal(watch.end, "open");
    await scene.timers.pass(1);
    assert.deepEqual([watch.end, scene.server.openWatches], ["closed", 0]);
  });

  it("from a forgotten version gets a 410 and ends", async () => {
    const scene = new Scene();
    const { metadata } = await scene.node("a");
    await scene.node("b");
    scene.server.compact();
    const watch = await scene.watch(`resourceVersion=${metadata.resourceVersion}`);
    assert.deepEqual([watch.seen, watch.end], [["ERROR 410"], "closed"]);
  });

  it("from a version beyond the bound of the history gets a 410", async () => {
    const scene = new Scene({ historyMax: 5 });
    const { metadata } = await scene.node("a");
    for (let i = 0; i < 20; i++) await scene.annotate("a", i);
    const { seen } = await scene.watch(`resourceVersion=${metadata.resourceVersion}`);
    assert.deepEqual(seen, ["ERROR 410"]);
  });

  it("that nobody reads is ended by the server when its queue is full", async () => {
    const scene = new Scene({ watchQueueMax: 10 });
    await scene.node("a");
    const watch = await scene.watch("", false);
    for (let i = 0; i < 50; i++) await scene.annotate("a", i);
    assert.equal(scene.server.openWatches, 0);
    await watch.read();
    assert.equal(watch.seen.length, 11, "what is there at the start, and the ten that fit");
  });

  it("is forgotten when its client goes", async () => {
    const scene = new Scene();
    const { stop } = await scene.watch("");
    stop.abort();
    assert.equal(scene.server.openWatches, 0);
  });

  describe("breaks", () => {
    it("when all watches are cut", async () => {
      const scene = new Scene();
      const watch = await scene.watch("");
      scene.server.cutWatches();
      await settled();
      assert.equal(watch.end, "ECONNRESET");
    });

    it("when the server goes away", async () => {
      const scene = new Scene();
      const watch = await scene.watch("");
      scene.server.setAway(true);
      await settled();
      assert.equal(watch.end, "ECONNRESET");
    });

    it("in place of its first event under the fault cut-watch", async () => {
      const scene = new Scene();
      scene.server.faults.add({ match: { resource: "nodes" }, times: 1, effect: "cut-watch" });
      const watch = await scene.watch("");
      await scene.node("a");
      await settled();
      assert.deepEqual([watch.seen, watch.end], [[], "ECONNRESET"]);
    });
  });
});
