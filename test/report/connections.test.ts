import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";
import sinon from "sinon";
import { createMetrics } from "../../daemon/report/metrics.ts";
import { everyRow } from "../rows.ts";
import { client, closeOpened, ended, everythingOf, get, opened, started } from "./serving.ts";

describe("A hostile client of the metrics port", () => {
  afterEach(closeOpened);

  const deadlineMs = 300;
  const drip = (socket: Socket, part: string) => {
    const timer = setInterval(() => socket.write(part), 10);
    socket.once("close", () => clearInterval(timer));
  };
  /** An answer that is longer than the buffers of sockets. */
  const hugeMetrics = () => {
    const { registry } = createMetrics("n1", "1.2.3");
    sinon.stub(registry, "metrics").resolves("#".repeat(16 * 1024 * 1024));
    return registry;
  };

  const kinds: Record<string, (socket: Socket) => void> = {
    silence: () => {},
    "a head, byte by byte": (socket) => {
      socket.write("GET /healthz HTTP/1.1\r\nhost: a\r\nx: ");
      drip(socket, "x");
    },
    "a body, byte by byte": (socket) => {
      socket.write("GET /healthz HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\n");
      drip(socket, "x");
    },
    "chunks with extensions": (socket) => {
      socket.write("POST /healthz HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
      drip(socket, "1;eeeeeeeeee\r\nx\r\n");
    },
    "one request after the other": (socket) => {
      socket.on("data", () => socket.write(get("/healthz")));
      socket.write(get("/healthz"));
    },
    "an answer that is not read": (socket) => {
      socket.pause();
      socket.write(get("/metrics"));
      // A paused socket notices the end only by writing.
      drip(socket, "\r\n");
    },
  };
  it("does not keep a connection beyond its deadline", async () => {
    const { port } = await started({ registry: hugeMetrics(), limits: { max: 100, deadlineMs } });
    await everyRow(Object.entries(kinds), async (act) => {
      const socket = client(port);
      socket.on("data", () => {});
      act(socket);
      await ended(socket);
    });
  }).timeout(6 * 2000);

  /** The number of requests that Node's server parses during the work. */
  async function requestsTaken(work: () => Promise<void>): Promise<number> {
    let count = 0;
    const onRequest = () => {
      count += 1;
    };
    subscribe("http.server.request.start", onRequest);
    await work();
    unsubscribe("http.server.request.start", onRequest);
    return count;
  }

  it("gets one answer to thousands of pipelined requests, on each of 8 connections", async () => {
    const { registry } = createMetrics("n1", "1.2.3");
    const metrics = sinon.spy(registry, "metrics");
    const { port } = await started({ registry });
    const pipelined = get("/metrics").repeat((64 * 1024) / get("/metrics").length);
    const taken = await requestsTaken(async () => {
      const sockets = Array.from({ length: 8 }, () => client(port));
      for (const socket of sockets) socket.write(pipelined);
      await Promise.all(sockets.map((socket) => ended(socket.resume())));
    });
    assert.equal(taken, 8);
    assert.ok(metrics.callCount <= 8, `${metrics.callCount}`);
  });

  const surplus: [what: string, head: string, more: string][] = [
    ["a second request", get("/metrics"), get("/metrics")],
    ["a body", "GET /metrics HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\n", "x".repeat(100_000)],
  ];
  it("sends a second request or a body in vain", () =>
    everyRow(surplus, async (head, more) => {
      const { registry } = createMetrics("n1", "1.2.3");
      const rendering = Promise.withResolvers<string>();
      sinon.stub(registry, "metrics").returns(rendering.promise);
      const { port, ask } = await started({ registry });
      let received = 0;
      const onRequest = (message: unknown) => {
        const { request } = message as { request: IncomingMessage };
        if (request.url !== "/metrics") return;
        received += 1;
        request.on("data", () => {
          received += 1;
        });
      };
      subscribe("http.server.request.start", onRequest);
      const socket = client(port);
      const answer = everythingOf(socket);
      socket.write(head);
      await ask("/healthz");
      socket.write(more);
      await ask("/healthz");
      rendering.resolve("figures\n");
      await answer;
      unsubscribe("http.server.request.start", onRequest);
      assert.equal(received, 1);
    }));

  it("does not keep a connection by keeping its own side open", async () => {
    const { port } = await started();
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    opened.add(socket);
    socket.on("error", () => {}).resume();
    socket.write(get("/healthz"));
    await once(socket, "end");
    drip(socket, "x");
    await ended(socket);
  });

  it("uses no slots with connections that have ended", async () => {
    const { port, ask } = await started({ limits: { max: 3, deadlineMs: 5000 } });
    const slow = client(port);
    slow.write("GET /healthz HTTP/1.1\r\n");
    for (let n = 0; n < 6; n += 1) await ask("/healthz");
    slow.write("host: a\r\n\r\n");
    assert.match(await everythingOf(slow), /^HTTP\/1.1 200 OK/);
  });

  it("does not exclude the probe and Prometheus with 200 open connections", async () => {
    const { port, ask } = await started();
    for (let n = 0; n < 200; n += 1) client(port).write("GET /healthz HTTP/1.1\r\n");
    assert.deepEqual(await ask("/healthz"), { status: 200, text: "ok\n" });
    assert.equal((await ask("/metrics")).status, 200);
  });

  it("does not displace another address with any number of connections", async () => {
    const { port } = await started({ limits: { max: 10, deadlineMs: 5000 } });
    const probe = client(port, "127.0.0.2");
    await once(probe, "connect");
    probe.write("GET /healthz HTTP/1.1\r\n");
    for (let n = 0; n < 40; n += 1) await once(client(port), "connect");
    probe.write("host: a\r\n\r\n");
    assert.match(await everythingOf(probe), /^HTTP\/1.1 200 OK/);
  });

  it("loses its own oldest connections at the limit", async () => {
    const { port } = await started({ limits: { max: 3, deadlineMs: 5000 } });
    const sockets: Socket[] = [];
    for (let n = 0; n < 5; n += 1) {
      const socket = client(port);
      sockets.push(socket);
      await once(socket, "connect");
    }
    await Promise.all(sockets.slice(0, 2).map((socket) => ended(socket.resume())));
    for (const socket of sockets.slice(2)) {
      socket.write(get("/healthz"));
      assert.match(await everythingOf(socket), /^HTTP\/1.1 200 OK/);
    }
  });

  it("uses no more memory with more connections", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const { port, ask } = await started({ limits: { max: 20, deadlineMs: 5000 } });
    // The attacker has a heap of its own.
    const attacker = new Worker(
      `const { connect } = require("node:net");
      const { parentPort } = require("node:worker_threads");
      parentPort.on("message", ({ port, times, pieces }) => {
        const next = () => {
          if (times === 0) return parentPort.postMessage("done");
          times -= 1;
          const socket = connect(port, "127.0.0.1", next).on("error", () => {}).resume();
          socket.write(pieces[times % pieces.length]);
        };
        next();
      });`,
      { eval: true },
    );
    opened.add({ destroy: () => void attacker.terminate() });
    const pieces = ["GET /metrics HTTP/1.1\r\nx: ".padEnd(8000, "x"), get("/metrics").repeat(2000)];
    const attack = async (times: number) => {
      attacker.postMessage({ port, times, pieces });
      await once(attacker, "message");
      await ask("/healthz");
      collect();
      // Sockets are released after a turn of the event loop.
      await new Promise((resolve) => setImmediate(resolve));
      collect();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    await attack(50);
    const few = await attack(50);
    const more = 300;
    const many = await attack(more);
    assert.ok(many - few < more * 4096, `${few} bytes, then ${many}`);
    // In the run of all unit tests, garbage collection takes long.
  }).timeout(20_000);
});
