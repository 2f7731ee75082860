import assert from "node:assert/strict";
import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { request as secureRequest } from "node:https";
import type { Socket } from "node:net";
import { text as textOf } from "node:stream/consumers";
import { connect as secureConnect, type TLSSocket } from "node:tls";
import sinon from "sinon";
import type { RawOptions } from "../../daemon/config/settings.ts";
import { createMetrics } from "../../daemon/report/metrics.ts";
import type { ServerOptions } from "../../daemon/report/server.ts";
import { certificate } from "../kubernetes/api/https.ts";
import { everyRow } from "../rows.ts";
import { useMetricsFiles } from "./metrics-files.ts";
import { client, closeOpened, ended, everythingOf, get, opened, started } from "./serving.ts";

describe("The server", () => {
  afterEach(closeOpened);

  it("serves /metrics and /healthz, and no other path or method", async () => {
    const { ask } = await started();
    assert.match((await ask("/metrics")).text, /rebootd_build_info\{version="1.2.3",node="n1"\} 1/);
    assert.deepEqual(await ask("/healthz"), { status: 200, text: "ok\n" });
    assert.equal((await ask("/other")).status, 404);
    assert.equal((await ask("/metrics", { method: "POST" })).status, 405);
    assert.deepEqual(await ask("/metrics", { method: "HEAD" }), { status: 200, text: "" });
  });

  it("serves OpenMetrics to a client that prefers it, before and after the text form", async () => {
    const { port } = await started();
    const read = async (accept: string) => {
      const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { accept } });
      return { type: response.headers.get("content-type"), text: await response.text() };
    };
    for (let time = 0; time < 2; time += 1) {
      const text = await read("*/*");
      assert.equal(text.type, "text/plain; version=0.0.4; charset=utf-8");
      assert.match(text.text, /^# TYPE rebootd_errors_total counter\nrebootd_errors_total\{node="n1"\} 0$/m);
      const open = await read("application/openmetrics-text;version=1.0.0,text/plain;q=0.5");
      assert.equal(open.type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
      assert.match(open.text, /^# TYPE rebootd_errors counter\nrebootd_errors_total\{node="n1"\} 0$/m);
      assert.match(open.text, /\n# EOF\n$/);
    }
  });

  it("answers 404 to any target, valid or not", async () => {
    const { port } = await started();
    await everyRow(
      ["//", "//[", "/%", "http://[", "*"].map((path) => [path, path] as const),
      async (path) => {
        const answer = await once(request({ port, path, agent: false }).end(), "response");
        assert.equal((answer[0] as IncomingMessage).statusCode, 404);
      },
    );
  });

  const requests: [what: string, bytes: string, status: number][] = [
    ["no HTTP", "hello\r\n\r\n", 400],
    ["HTTP/1.1 without a host", "GET /healthz HTTP/1.1\r\n\r\n", 400],
    ["HTTP/1.0", "GET /healthz HTTP/1.0\r\n\r\n", 200],
    ["a head that has no end", `GET /healthz HTTP/1.1\r\nhost: a\r\nx: ${"x".repeat(9000)}`, 400],
  ];
  it("answers an invalid request with 400, and HTTP/1.0, and ends the connection", async () => {
    const { port } = await started();
    await everyRow(requests, async (bytes, status) => {
      const socket = client(port);
      socket.write(bytes);
      assert.match(await everythingOf(socket), new RegExp(`^HTTP/1.1 ${status} `));
    });
  });

  it("answers a client that closes its own side", async () => {
    const { port } = await started();
    const socket = client(port);
    socket.end(get("/healthz"));
    assert.match(await everythingOf(socket), /^HTTP\/1.1 200 OK\r\n[\s\S]*\r\n\r\nok\n$/);
  });

  it("is unhealthy if the loop is late, and only not ready if a restart would not help", async () => {
    const { ask } = await started({ fault: () => "the loop is 4 s late" });
    assert.deepEqual(await ask("/healthz"), { status: 503, text: "the loop is 4 s late\n" });
    const unready = await started({ unready: () => "refused" });
    assert.deepEqual(await unready.ask("/readyz"), { status: 503, text: "refused\n" });
    assert.deepEqual(await unready.ask("/healthz"), { status: 200, text: "ok\n" });
  });

  it("does not start on a port in use", async () => {
    const { port } = await started();
    await assert.rejects(started({ port }), /EADDRINUSE/);
  });

  it("survives a failure to render the metrics, and reports it once", async () => {
    const { registry } = createMetrics("n1", "1.2.3");
    const { ask, warnings } = await started({ registry });
    const metrics = sinon.stub(registry, "metrics").rejects(new Error("no figure"));
    for (let n = 0; n < 2; n += 1) assert.equal((await ask("/metrics")).status, 500);
    assert.deepEqual(warnings, ["rendering /metrics failed: no figure"]);
    metrics.restore();
    assert.equal((await ask("/metrics")).status, 200);
  });

  it("renders the metrics once for requests at the same time, and again for the next one", async () => {
    const { registry } = createMetrics("n1", "1.2.3");
    const rendering = Promise.withResolvers<string>();
    const metrics = sinon.stub(registry, "metrics").returns(rendering.promise);
    const { port } = await started({ registry });
    const answers = Array.from({ length: 20 }, () => {
      const socket = client(port);
      socket.write(get("/metrics"));
      return everythingOf(socket);
    });
    // Requests are read in order.
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

describe("The server with a token or a certificate", () => {
  afterEach(closeOpened);

  const { at, accessWith } = useMetricsFiles();

  async function startedWith(options: RawOptions, more: Partial<ServerOptions> = {}) {
    const access = await accessWith(options);
    return started({ access, ...more });
  }

  describe("a token", () => {
    const options = () => ({ "metrics-bearer-token-file": at("token") });
    const withToken = (authorization: string) => ({ headers: { authorization } });
    beforeEach(() => writeFile(at("token"), "right-token\n"));

    it("shows the metrics to a client with the token; the probe needs none", async () => {
      const { ask } = await startedWith(options());
      assert.deepEqual(await ask("/healthz"), { status: 200, text: "ok\n" });
      for (const scheme of ["Bearer", "bearer"]) {
        const { status, text } = await ask("/metrics", withToken(`${scheme} right-token`));
        assert.equal(status, 200);
        assert.match(text, /rebootd_build_info/);
      }
    });

    const wrong: [what: string, headers: Record<string, string>][] = [
      ["no token", {}],
      ["another token", { authorization: "Bearer wrong-token" }],
      ["the beginning of the token", { authorization: "Bearer right" }],
      ["an empty token", { authorization: "Bearer " }],
      ["the token as a password", { authorization: `Basic ${btoa("me:right-token")}` }],
      ["the token without a scheme", { authorization: "right-token" }],
    ];
    it("shows nothing to a client without the token", async () => {
      const { ask } = await startedWith(options());
      await everyRow(wrong, async (headers) => {
        const { status, text } = await ask("/metrics", { headers });
        assert.equal(status, 401);
        assert.doesNotMatch(text, /rebootd_|right-token/);
      });
    });

    it("is re-read from its file for each request", async () => {
      const { ask } = await startedWith(options());
      await writeFile(at("token"), "next-token");
      assert.equal((await ask("/metrics", withToken("Bearer right-token"))).status, 401);
      assert.equal((await ask("/metrics", withToken("Bearer next-token"))).status, 200);
    });

    const broken: [what: string, change: () => Promise<void>][] = [
      ["gone", () => rm(at("token"))],
      ["empty", () => writeFile(at("token"), "\n")],
    ];
    it("lets no client in while its file is gone or empty, and reports that once", () =>
      everyRow(broken, async (change) => {
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
      }));
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

    /** Asks as a client that trusts only these certificates. */
    async function askSafely(port: number, path: string, ca = pairs.map(({ cert }) => cert)) {
      const asked = secureRequest({ port, host: "127.0.0.1", path, ca, agent: false }).end();
      const [answer] = (await once(asked, "response")) as [IncomingMessage];
      const shown = (answer.socket as TLSSocket).getPeerCertificate().subject.CN;
      return { status: answer.statusCode, text: await textOf(answer), shown };
    }

    it("turns the port into TLS", async () => {
      const { port } = await startedWith(options());
      const { status, text, shown } = await askSafely(port, "/metrics");
      assert.deepEqual([status, shown], [200, "first"]);
      assert.match(text, /rebootd_build_info/);
      assert.deepEqual(await askSafely(port, "/healthz"), { status: 200, text: "ok\n", shown: "first" });
    });

    it("excludes clients without TLS", async () => {
      const { port } = await startedWith(options());
      const socket = client(port);
      socket.write(get("/metrics"));
      assert.doesNotMatch(await everythingOf(socket), /HTTP|rebootd/);
    });

    it("is the new one on the first connection after the files have changed", async () => {
      const { port, warnings } = await startedWith(options());
      assert.equal((await askSafely(port, "/healthz")).shown, "first");
      await write(second());
      assert.equal((await askSafely(port, "/healthz")).shown, "second");
      assert.deepEqual(warnings, []);
    });

    const broken: [what: string, change: () => Promise<void>][] = [
      ["gone", () => rm(at("tls.crt"))],
      ["half written", () => writeFile(at("tls.crt"), first().cert.slice(0, 200))],
      ["that of another key", () => writeFile(at("tls.crt"), second().cert)],
    ];
    it("stays the previous one while its file is gone or invalid, which is reported once", () =>
      everyRow(broken, async (change) => {
        await write(first());
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
      }));

    it("works together with a token", async () => {
      await writeFile(at("token"), "right-token");
      const { port } = await startedWith({ ...options(), "metrics-bearer-token-file": at("token") });
      assert.equal((await askSafely(port, "/metrics")).status, 401);
    });

    const handshakes: [what: string, act: (socket: Socket) => unknown][] = [
      ["never begins", () => {}],
      ["is not TLS", (socket) => socket.write("x")],
    ];
    it("limits a handshake, and silence after it, by the deadline", async () => {
      const { port } = await startedWith(options(), { limits: { max: 100, deadlineMs: 300 } });
      await everyRow(handshakes, async (act) => {
        const socket = client(port).resume();
        act(socket);
        await ended(socket);
      });
      const socket = secureConnect({ port, host: "127.0.0.1", ca: first().cert });
      opened.add(socket);
      socket.on("error", () => {}).resume();
      await once(socket, "secureConnect");
      await ended(socket);
    });

    it("lets other clients in during 200 handshakes of one address", async () => {
      const { port } = await startedWith(options());
      for (let n = 0; n < 200; n += 1) client(port);
      assert.equal((await askSafely(port, "/healthz")).status, 200);
    });
  });
});
