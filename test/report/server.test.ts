import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { request as secureRequest } from "node:https";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { connect as secureConnect, type TLSSocket } from "node:tls";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";
import sinon from "sinon";
import { parseSettings, type RawOptions } from "../../daemon/config/settings.ts";
import { createMetrics } from "../../daemon/report/metrics.ts";
import { openMetricsAccess } from "../../daemon/report/metrics-access.ts";
import { type ServerOptions, serve } from "../../daemon/report/server.ts";
import { ConfigError } from "../../daemon/text/config-error.ts";
import { certificate } from "../kubernetes/api/https.ts";

/** What a test has opened, and is closed when it ends. */
const opened = new Set<{ destroy: () => void }>();
afterEach(() => {
  for (const one of opened) one.destroy();
  opened.clear();
});

async function started(options: Partial<ServerOptions> = {}) {
  const { registry } = createMetrics("n1", "1.2.3");
  const warnings: string[] = [];
  const given = { host: "127.0.0.1", port: 0, registry, fault: () => undefined, unready: () => undefined };
  const server = await serve({ ...given, warn: (message) => void warnings.push(message), ...options });
  opened.add({ destroy: server.close });
  const ask = async (path: string, init: RequestInit = {}) => {
    const signal = AbortSignal.timeout(2000);
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { signal, ...init });
    return { status: response.status, text: await response.text() };
  };
  return { port: server.port, registry, warnings, ask };
}

/** Cut off, a client may see a reset. */
function client(port: number, localAddress = "127.0.0.1"): Socket {
  const socket = connect({ port, host: "127.0.0.1", localAddress });
  socket.on("error", () => {});
  opened.add(socket);
  socket.once("close", () => opened.delete(socket));
  return socket;
}

const ended = (socket: Socket) => new Promise((resolve) => socket.once("close", resolve));

/** All that the other end sends until it ends. */
async function everythingOf(socket: Socket): Promise<string> {
  let text = "";
  socket.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  await ended(socket);
  return text;
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`;

describe("The server", () => {
  it("serves the metrics, and nothing else but its health", async () => {
    const { ask } = await started();
    assert.match((await ask("/metrics")).text, /rebootd_build_info\{version="1.2.3",node="n1"\} 1/);
    assert.deepEqual(await ask("/healthz"), { status: 200, text: "ok\n" });
    assert.equal((await ask("/other")).status, 404);
    assert.equal((await ask("/metrics", { method: "POST" })).status, 405);
    assert.deepEqual(await ask("/metrics", { method: "HEAD" }), { status: 200, text: "" });
  });

  for (const path of ["//", "//[", "/%", "http://[", "*"]) {
    it(`survives a request for ${path}`, async () => {
      const { port } = await started();
      const answer = await once(request({ port, path, agent: false }).end(), "response");
      assert.equal((answer[0] as IncomingMessage).statusCode, 404);
    });
  }

  for (const [what, bytes, status] of [
    ["no HTTP", "hello\r\n\r\n", 400],
    ["HTTP/1.1 without a host", "GET /healthz HTTP/1.1\r\n\r\n", 400],
    ["HTTP/1.0", "GET /healthz HTTP/1.0\r\n\r\n", 200],
    ["a head that has no end", `GET /healthz HTTP/1.1\r\nhost: a\r\nx: ${"x".repeat(9000)}`, 400],
  ] as const) {
    it(`answers ${what} with ${status}, and ends the connection`, async () => {
      const { port } = await started();
      const socket = client(port);
      socket.write(bytes);
      assert.match(await everythingOf(socket), new RegExp(`^HTTP/1.1 ${status} `));
    });
  }

  it("answers a client that has nothing more to send", async () => {
    const { port } = await started();
    const socket = client(port);
    socket.end(get("/healthz"));
    assert.match(await everythingOf(socket), /^HTTP\/1.1 200 OK\r\n[\s\S]*\r\n\r\nok\n$/);
  });

  it("is not healthy when the loop is late", async () => {
    const { ask } = await started({ fault: () => "the loop is 4 s late" });
    assert.deepEqual(await ask("/healthz"), { status: 503, text: "the loop is 4 s late\n" });
  });

  it("is healthy, and not ready, where a restart would not help", async () => {
    const { ask } = await started({ unready: () => "refused" });
    assert.deepEqual(await ask("/readyz"), { status: 503, text: "refused\n" });
    assert.deepEqual(await ask("/healthz"), { status: 200, text: "ok\n" });
  });

  it("does not start on a port that is taken", async () => {
    const { port } = await started();
    await assert.rejects(started({ port }), /EADDRINUSE/);
  });

  it("survives metrics that cannot be rendered, and says so once", async () => {
    const { registry } = createMetrics("n1", "1.2.3");
    const { ask, warnings } = await started({ registry });
    const metrics = sinon.stub(registry, "metrics").rejects(new Error("no figure"));
    for (let n = 0; n < 2; n += 1) assert.equal((await ask("/metrics")).status, 500);
    assert.deepEqual(warnings, ["rendering /metrics failed: no figure"]);
    metrics.restore();
    assert.equal((await ask("/metrics")).status, 200);
  });

  it("renders the metrics once for all who ask at the same moment, and anew for the next", async () => {
    const { registry } = createMetrics("n1", "1.2.3");
    const rendering = Promise.withResolvers<string>();
    const metrics = sinon.stub(registry, "metrics").returns(rendering.promise);
    const { port } = await started({ registry });
    const answers = Array.from({ length: 20 }, () => {
      const socket = client(port);
      socket.write(get("/metrics"));
      return everythingOf(socket);
    });
    // All that came before this one were read before it.
    const last = client(port);
    last.write(get("/healthz"));
    await everythingOf(last);
    rendering.resolve("figures\n");
    for (const answer of await Promise.all(answers)) assert.match(answer, /\r\n\r\nfigures\n$/);
    assert.equal(metrics.callCount, 1);
    const next = client(port);
    next.write(get("/metrics"));
    await everythingOf(next);
    assert.equal(metrics.callCount, 2);
  });
});

describe("A client that means harm, at the port of the metrics", () => {
  const deadlineMs = 300;
  const drip = (socket: Socket, part: string) => {
    const timer = setInterval(() => socket.write(part), 10);
    socket.once("close", () => clearInterval(timer));
  };
  /** Longer than what sockets hold of it. */
  const hugeMetrics = () => {
    const { registry } = createMetrics("n1", "1.2.3");
    sinon.stub(registry, "metrics").resolves("#".repeat(16 * 1024 * 1024));
    return registry;
  };

  const kinds: Record<string, (socket: Socket) => void> = {
    "by saying nothing": () => {},
    "by a head that comes byte by byte": (socket) => {
      socket.write("GET /healthz HTTP/1.1\r\nhost: a\r\nx: ");
      drip(socket, "x");
    },
    "by a body that comes byte by byte": (socket) => {
      socket.write("GET /healthz HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\n");
      drip(socket, "x");
    },
    "by chunks with extensions": (socket) => {
      socket.write("POST /healthz HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
      drip(socket, "1;eeeeeeeeee\r\nx\r\n");
    },
    "by one request after the other": (socket) => {
      socket.on("data", () => socket.write(get("/healthz")));
      socket.write(get("/healthz"));
    },
    "by an answer that it does not read": (socket) => {
      socket.pause();
      socket.write(get("/metrics"));
      // Paused, it learns by writing that the connection was ended.
      drip(socket, "\r\n");
    },
  };
  for (const [how, act] of Object.entries(kinds)) {
    it(`does not hold a connection past its deadline ${how}`, async () => {
      const { port } = await started({ registry: hugeMetrics(), limits: { max: 100, deadlineMs } });
      const socket = client(port);
      socket.on("data", () => {});
      act(socket);
      await ended(socket);
    });
  }

  /** How many requests Node's server has taken for such while `work` lasts. */
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

  it("has one request of thousands looked at that it sends ahead on each of 8 connections", async () => {
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

  for (const [what, head, more] of [
    ["a second request", get("/metrics"), get("/metrics")],
    ["a body", "GET /metrics HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\n", "x".repeat(100_000)],
  ] as const) {
    it(`has nothing taken of ${what} that it sends while the answer is made`, async () => {
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
    });
  }

  it("does not hold a connection by keeping its own side open", async () => {
    const { port } = await started();
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    opened.add(socket);
    socket.on("error", () => {}).resume();
    socket.write(get("/healthz"));
    await once(socket, "end");
    drip(socket, "x");
    await ended(socket);
  });

  it("takes no place of others by connections that have ended", async () => {
    const { port, ask } = await started({ limits: { max: 3, deadlineMs: 5000 } });
    const slow = client(port);
    slow.write("GET /healthz HTTP/1.1\r\n");
    for (let n = 0; n < 6; n += 1) await ask("/healthz");
    slow.write("host: a\r\n\r\n");
    assert.match(await everythingOf(slow), /^HTTP\/1.1 200 OK/);
  });

  it("does not keep the probe and Prometheus out with 200 connections that it holds open", async () => {
    const { port, ask } = await started();
    for (let n = 0; n < 200; n += 1) client(port).write("GET /healthz HTTP/1.1\r\n");
    assert.deepEqual(await ask("/healthz"), { status: 200, text: "ok\n" });
    assert.equal((await ask("/metrics")).status, 200);
  });

  it("does not push another address out, however many connections it opens meanwhile", async () => {
    const { port } = await started({ limits: { max: 10, deadlineMs: 5000 } });
    const probe = client(port, "127.0.0.2");
    await once(probe, "connect");
    probe.write("GET /healthz HTTP/1.1\r\n");
    for (let n = 0; n < 40; n += 1) await once(client(port), "connect");
    probe.write("host: a\r\n\r\n");
    assert.match(await everythingOf(probe), /^HTTP\/1.1 200 OK/);
  });

  it("makes room by its own oldest connection, and has the newest ones left", async () => {
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

  it("takes up no more memory the more connections it makes", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const { port, ask } = await started({ limits: { max: 20, deadlineMs: 5000 } });
    // In a heap of its own.
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
      // What ends has its last word after it was collected.
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
    // Among all unit tests the heap that is collected is a large one.
  }).timeout(20_000);
});

describe("The server, with files that say who may ask", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "rebootd-metrics-"));
  });
  after(() => rm(folder, { recursive: true }));
  const at = (name: string) => join(folder, name);

  const accessWith = (options: RawOptions) =>
    openMetricsAccess(parseSettings({ "node-id": "n1", ...options }).report.files, (file) =>
      readFile(file, "utf8"),
    );

  async function startedWith(options: RawOptions, more: Partial<ServerOptions> = {}) {
    const access = await accessWith(options);
    return started({ access, ...more });
  }

  describe("a token", () => {
    const options = () => ({ "metrics-bearer-token-file": at("token") });
    const withToken = (authorization: string) => ({ headers: { authorization } });
    beforeEach(() => writeFile(at("token"), "right-token\n"));

    it("shows the metrics to whoever has it", async () => {
      const { ask } = await startedWith(options());
      for (const scheme of ["Bearer", "bearer"]) {
        const { status, text } = await ask("/metrics", withToken(`${scheme} right-token`));
        assert.equal(status, 200);
        assert.match(text, /rebootd_build_info/);
      }
    });

    for (const [what, headers] of [
      ["no token", {}],
      ["another token", { authorization: "Bearer wrong-token" }],
      ["the beginning of the token", { authorization: "Bearer right" }],
      ["an empty token", { authorization: "Bearer " }],
      ["the token as a password", { authorization: `Basic ${btoa("me:right-token")}` }],
      ["the token without a scheme", { authorization: "right-token" }],
    ] as const) {
      it(`shows nothing to who has ${what}`, async () => {
        const { ask } = await startedWith(options());
        const { status, text } = await ask("/metrics", { headers });
        assert.equal(status, 401);
        assert.doesNotMatch(text, /rebootd_|right-token/);
      });
    }

    it("is not asked of the probe", async () => {
      const { ask } = await startedWith(options());
      assert.deepEqual(await ask("/healthz"), { status: 200, text: "ok\n" });
    });

    it("is the one that is in the file at the time", async () => {
      const { ask } = await startedWith(options());
      await writeFile(at("token"), "next-token");
      assert.equal((await ask("/metrics", withToken("Bearer right-token"))).status, 401);
      assert.equal((await ask("/metrics", withToken("Bearer next-token"))).status, 200);
    });

    for (const [what, change] of [
      ["gone", () => rm(at("token"))],
      ["empty", () => writeFile(at("token"), "\n")],
    ] as const) {
      it(`opens to nobody while its file is ${what}, and says so once`, async () => {
        const { ask, warnings } = await startedWith(options());
        await change();
        for (const token of ["right-token", "undefined", "x"]) {
          assert.equal((await ask("/metrics", withToken(`Bearer ${token}`))).status, 503);
        }
        assert.equal((await ask("/metrics")).status, 401);
        assert.equal((await ask("/healthz")).status, 200);
        assert.equal(warnings.length, 1);
        assert.match(
          warnings[0] ?? "",
          /^\/metrics rejects every request: invalid value ".*" for --metrics-bearer-token-file: /,
        );
        await writeFile(at("token"), "right-token");
        assert.equal((await ask("/metrics", withToken("Bearer right-token"))).status, 200);
      });
    }
  });

  describe("a certificate", () => {
    const options = () => ({
      "metrics-tls-cert-file": at("tls.crt"),
      "metrics-tls-key-file": at("tls.key"),
    });
    let pairs: { key: string; cert: string }[];
    before(async () => {
      pairs = await Promise.all([certificate("first"), certificate("second")]);
    });
    const write = async ({ key, cert }: { key: string; cert: string }) => {
      await writeFile(at("tls.crt"), cert);
      await writeFile(at("tls.key"), key);
    };
    const [first, second] = [() => pairs[0] as (typeof pairs)[0], () => pairs[1] as (typeof pairs)[0]];
    beforeEach(() => write(first()));

    /** By a client that trusts these certificates alone. */
    async function askSafely(port: number, path: string, ca = pairs.map(({ cert }) => cert)) {
      const asked = secureRequest({ port, host: "127.0.0.1", path, ca, agent: false }).end();
      const [answer] = (await once(asked, "response")) as [IncomingMessage];
      const shown = (answer.socket as TLSSocket).getPeerCertificate().subject.CN;
      return { status: answer.statusCode, text: await textOf(answer), shown };
    }

    it("makes the port one of TLS", async () => {
      const { port } = await startedWith(options());
      const { status, text, shown } = await askSafely(port, "/metrics");
      assert.deepEqual([status, shown], [200, "first"]);
      assert.match(text, /rebootd_build_info/);
      assert.deepEqual(await askSafely(port, "/healthz"), { status: 200, text: "ok\n", shown: "first" });
    });

    it("has nobody ask without TLS", async () => {
      const { port } = await startedWith(options());
      const socket = client(port);
      socket.write(get("/metrics"));
      assert.doesNotMatch(await everythingOf(socket), /HTTP|rebootd/);
    });

    it("is the new one at the first connection after the files were exchanged", async () => {
      const { port, warnings } = await startedWith(options());
      assert.equal((await askSafely(port, "/healthz")).shown, "first");
      await write(second());
      assert.equal((await askSafely(port, "/healthz")).shown, "second");
      assert.deepEqual(warnings, []);
    });

    for (const [what, change] of [
      ["gone", () => rm(at("tls.crt"))],
      ["half written", () => writeFile(at("tls.crt"), first().cert.slice(0, 200))],
      ["that of another key", () => writeFile(at("tls.crt"), second().cert)],
    ] as const) {
      it(`stays as it was while its file is ${what}, which is said once`, async () => {
        const { port, warnings } = await startedWith(options());
        await change();
        for (let n = 0; n < 2; n += 1) assert.equal((await askSafely(port, "/healthz")).shown, "first");
        assert.equal(warnings.length, 1);
        assert.match(
          warnings[0] ?? "",
          /^the port of \/metrics keeps the previous certificate: invalid value ".*" for --metrics-tls-cert-file: /,
        );
        await write(second());
        assert.equal((await askSafely(port, "/healthz")).shown, "second");
      });
    }

    it("is asked for together with a token", async () => {
      await writeFile(at("token"), "right-token");
      const { port } = await startedWith({ ...options(), "metrics-bearer-token-file": at("token") });
      assert.equal((await askSafely(port, "/metrics")).status, 401);
    });

    for (const [how, act] of [
      ["that never begins", () => {}],
      ["that is no TLS", (socket: Socket) => socket.write("x")],
    ] as const) {
      it(`is not waited for longer than the deadline in a handshake ${how}`, async () => {
        const { port } = await startedWith(options(), { limits: { max: 100, deadlineMs: 300 } });
        const socket = client(port).resume();
        act(socket);
        await ended(socket);
      });
    }

    it("does not let one address hold the port with handshakes", async () => {
      const { port } = await startedWith(options());
      for (let n = 0; n < 200; n += 1) client(port);
      assert.equal((await askSafely(port, "/healthz")).status, 200);
    });

    it("lets a client that says nothing after its handshake go at the deadline", async () => {
      const { port } = await startedWith(options(), { limits: { max: 100, deadlineMs: 300 } });
      const socket = secureConnect({ port, host: "127.0.0.1", ca: first().cert });
      opened.add(socket);
      socket.on("error", () => {}).resume();
      await once(socket, "secureConnect");
      await ended(socket);
    });
  });

  const key = "-----BEGIN PRIVATE KEY-----";
  for (const [what, content, options, says] of [
    ["a token that is missing", undefined, ["metrics-bearer-token-file"], /ENOENT/],
    ["a token of two words", "a b", ["metrics-bearer-token-file"], /must be a file with a token on one line/],
    ["a certificate that is missing", undefined, ["metrics-tls-cert-file", "metrics-tls-key-file"], /ENOENT/],
    [
      "a certificate that is none",
      key,
      ["metrics-tls-cert-file", "metrics-tls-key-file"],
      /must be a file with certificates as PEM/,
    ],
  ] as const) {
    it(`does not start with ${what}, and says which option has it`, async () => {
      await rm(at("some"), { force: true });
      if (content !== undefined) await writeFile(at("some"), content);
      const given = Object.fromEntries(options.map((name) => [name, at("some")]));
      await assert.rejects(accessWith(given), (error) => {
        assert.ok(error instanceof ConfigError);
        assert.ok(
          error.message.startsWith(`invalid value "${at("some")}" for --${options[0]}: `),
          error.message,
        );
        assert.match(error.message, says);
        assert.doesNotMatch(error.message, /\n|a b/);
        return true;
      });
    });
  }

  it("does not start with the key of another certificate", async () => {
    const [one, other] = [await certificate(), await certificate()];
    await writeFile(at("tls.crt"), one.cert);
    await writeFile(at("tls.key"), other.key);
    const access = accessWith({
      "metrics-tls-cert-file": at("tls.crt"),
      "metrics-tls-key-file": at("tls.key"),
    });
    await assert.rejects(
      access,
      /^ConfigError: invalid value ".*" for --metrics-tls-cert-file: must be the certificate of the key in --metrics-tls-key-file/,
    );
  });
});
