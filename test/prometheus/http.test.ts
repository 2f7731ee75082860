import assert from "node:assert/strict";
import { createServer as createPlain, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createTls } from "node:https";
import type { AddressInfo } from "node:net";
import { createPost, type HttpAccess } from "../../daemon/prometheus/http.ts";
import { certificate } from "../kubernetes/api/https.ts";
import { type HttpProxy, startHttpProxy, startSocksProxy } from "../kubernetes/middlemen.ts";

const { signal } = new AbortController();
const form = { query: 'ALERTS{a="1"}' };
const open: { close(): void; closeAllConnections(): void }[] = [];

async function listen(handle: RequestListener, tls?: { key: string; cert: string }): Promise<string> {
  const server = tls === undefined ? createPlain(handle) : createTls(tls, handle);
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `${tls === undefined ? "http" : "https"}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const post = (access: Partial<HttpAccess> = {}) =>
  createPost(async () => ({ headers: {}, caPem: undefined, ...access }));

interface Heard {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingMessage["headers"];
  body: string;
}

/** A server that hears one request after the other, and answers `{}`. */
async function hearing(): Promise<{ url: string; heard: Heard[] }> {
  const heard: Heard[] = [];
  const url = await listen(async (request, response) => {
    const body = (await request.toArray()).join("");
    heard.push({ method: request.method, url: request.url, headers: request.headers, body });
    response.sendDate = false;
    response.end("{}");
  });
  return { url, heard };
}

describe("A question over HTTP", () => {
  afterEach(() => {
    for (const server of open.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
  });

  it("posts a form", async () => {
    const { url, heard } = await hearing();
    assert.deepEqual(await post()(`${url}/api?a=b`, form, signal), {
      status: 200,
      text: "{}",
      date: undefined,
    });
    assert.equal(heard[0]?.method, "POST");
    assert.equal(heard[0]?.url, "/api?a=b");
    assert.equal(heard[0]?.headers["content-type"], "application/x-www-form-urlencoded");
    assert.deepEqual(Object.fromEntries(new URLSearchParams(heard[0]?.body)), form);
  });

  it("is a GET without a form", async () => {
    const { url, heard } = await hearing();
    await post()(url, undefined, signal);
    assert.deepEqual([heard[0]?.method, heard[0]?.body], ["GET", ""]);
  });

  it("carries what it is to carry, as it is at the time", async () => {
    const { url, heard } = await hearing();
    let turn = 0;
    const ask = createPost(async () => {
      turn += 1;
      return {
        headers: { "X-Scope-OrgID": "infra", authorization: `Bearer token-${turn}` },
        caPem: undefined,
      };
    });
    await ask(url, form, signal);
    await ask(url, form, signal);
    assert.deepEqual(
      heard.map(({ headers }) => [headers["x-scope-orgid"], headers.authorization]),
      [
        ["infra", "Bearer token-1"],
        ["infra", "Bearer token-2"],
      ],
    );
  });

  it("is not sent without what it is to carry", async () => {
    const { url, heard } = await hearing();
    const ask = createPost(() => Promise.reject(new Error("no token")));
    await assert.rejects(ask(url, form, signal), /no token/);
    assert.equal(heard.length, 0);
  });

  it("takes user and password of the URL first", async () => {
    const { url, heard } = await hearing();
    const ask = post({ headers: { authorization: "Bearer token" } });
    await ask(url.replace("//", "//me:s%40cret@"), form, signal);
    await ask(url, form, signal);
    assert.deepEqual(
      heard.map(({ headers }) => headers.authorization),
      [`Basic ${Buffer.from("me:s@cret").toString("base64")}`, "Bearer token"],
    );
  });

  it("follows no redirect, least of all with a token", async () => {
    const other = await hearing();
    const url = await listen((_, response) => response.writeHead(307, { location: other.url }).end());
    const ask = post({ headers: { authorization: "Bearer token" } });
    assert.equal((await ask(url, form, signal)).status, 307);
    assert.equal(other.heard.length, 0);
  });

  it("hides in an error what it has sent", async () => {
    const url = await listen(({ headers }, response) =>
      response.writeHead(401).end(`${headers.authorization} ${headers["x-key"]} is wrong`),
    );
    const ask = post({ headers: { authorization: "Bearer my-token", "x-key": "my-key" } });
    const { text } = await ask(url, form, signal);
    assert.equal(text, "Bearer *** *** is wrong");
    const basic = await ask(url.replace("//", "//me:secret@"), form, signal);
    assert.equal(basic.text, "Basic *** *** is wrong");
  });

  it("ends an answer that does not end by itself", async () => {
    let sent = 0;
    const chunk = Buffer.alloc(1024 * 1024, " ");
    const url = await listen((_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(chunk)) sent += 1;
      };
      response.on("drain", more);
      more();
    });
    await assert.rejects(post()(url, form, signal), /max|exceed/i);
    assert.ok(sent < 30, `${sent} MiB were sent`);
  });

  it("takes an answer of some MiB", async () => {
    const url = await listen((_, response) => response.end("x".repeat(8 * 1024 * 1024)));
    assert.equal((await post()(url, form, signal)).text.length, 8 * 1024 * 1024);
  });

  it("ends with its signal while there is no answer, and in the middle of one", async () => {
    for (const beginning of [false, true]) {
      const stop = new AbortController();
      const url = await listen((_, response) => {
        if (beginning) response.write("{");
        setImmediate(() => stop.abort(new Error("stopped")));
      });
      await assert.rejects(post()(url, form, stop.signal), /stopped/);
    }
  });

  it("brings the server's clock along, where that is understood", async () => {
    const dateOf = async (date: string) => {
      const url = await listen((_, response) => response.writeHead(200, { date }).end("{}"));
      return (await post()(url, form, signal)).date;
    };
    assert.equal(await dateOf("Tue, 24 Nov 2026 12:00:00 GMT"), Date.parse("2026-11-24T12:00:00Z"));
    assert.equal(await dateOf("noon"), undefined);
  });

  it("says that nobody answers", async () => {
    await assert.rejects(post()("http://127.0.0.1:1", form, signal), /ECONNREFUSED/);
  });

  it("trusts the certificate that it is given, and no other", async () => {
    const [mine, other] = [await certificate(), await certificate()];
    const url = await listen((_, response) => response.end("{}"), mine);
    assert.equal((await post({ caPem: mine.cert })(url, form, signal)).status, 200);
    await assert.rejects(post({ caPem: other.cert })(url, form, signal), /certificate/);
    await assert.rejects(post()(url, form, signal), /certificate/);
  });
});

describe("A question over HTTP where only a proxy reaches the server", () => {
  const far = "prometheus.test:9090";
  let port: number;
  let heard: Heard[];
  let proxy: HttpProxy;

  const through = (proxyUrl: string, access: Partial<HttpAccess> = {}) =>
    createPost(
      async () => ({ headers: {}, caPem: undefined, ...access }),
      () => new URL(proxyUrl),
    );

  beforeEach(async () => {
    const server = await hearing();
    port = Number(new URL(server.url).port);
    heard = server.heard;
    proxy = await startHttpProxy(port);
  });
  afterEach(async () => {
    await proxy.close();
    for (const server of open.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
  });

  it("is handed to it whole, with the proxy's password for the proxy alone", async () => {
    const ask = through(`http://me:p%40ss@127.0.0.1:${proxy.port}`, {
      headers: { authorization: "Bearer t" },
    });
    assert.equal((await ask(`http://${far}/api?a=b`, form, signal)).text, "{}");
    assert.deepEqual(proxy.asked, [`POST http://${far}/api?a=b`]);
    assert.deepEqual(proxy.authorizations, [`Basic ${btoa("me:p@ss")}`]);
    const [{ headers, body, url } = assert.fail("nothing was heard")] = heard;
    assert.deepEqual(
      [headers.host, headers.authorization, headers["proxy-authorization"], url],
      [far, "Bearer t", undefined, "/api?a=b"],
    );
    assert.deepEqual(Object.fromEntries(new URLSearchParams(body)), form);
  });

  it("goes through a connection where the server has TLS, and trusts its certificate alone", async () => {
    const mine = await certificate();
    const url = await listen((_, response) => response.end("{}"), mine);
    const tlsProxy = await startHttpProxy(Number(new URL(url).port));
    try {
      const proxyUrl = `http://127.0.0.1:${tlsProxy.port}`;
      const ask = through(proxyUrl, { caPem: mine.cert });
      assert.equal((await ask("https://localhost:9090/api", form, signal)).status, 200);
      assert.deepEqual(tlsProxy.asked, ["localhost:9090"]);
      await assert.rejects(through(proxyUrl)("https://localhost:9090/api", form, signal), /certificate/);
    } finally {
      await tlsProxy.close();
    }
  });

  it("goes through a SOCKS proxy, which is told the name", async () => {
    const socks = await startSocksProxy(port);
    try {
      const ask = through(`socks5://127.0.0.1:${socks.port}`);
      assert.equal((await ask(`http://${far}/api`, undefined, signal)).text, "{}");
      assert.deepEqual(socks.asked, [far]);
    } finally {
      await socks.close();
    }
  });

  it("says what the proxy answers, and that it is not there", async () => {
    const refusing = await startHttpProxy(port, 403);
    try {
      const ask = through(`http://127.0.0.1:${refusing.port}`);
      assert.equal((await ask(`http://${far}/api`, form, signal)).status, 403);
      await assert.rejects(
        ask(`https://${far}/api`, form, signal),
        /the proxy http:\/\/127\.0\.0\.1:\d+ answered 403 to CONNECT prometheus\.test:9090/,
      );
    } finally {
      await refusing.close();
    }
    for (const scheme of ["http", "https"]) {
      const ask = through("http://127.0.0.1:1");
      await assert.rejects(
        ask(`${scheme}://${far}/api`, form, signal),
        /the proxy http:\/\/127\.0\.0\.1:1 does not connect/,
      );
    }
    assert.deepEqual(heard, []);
  });

  it("takes no more than a few MiB through it either", async () => {
    const url = await listen((_, response) => response.end("x".repeat(11 * 1024 * 1024)));
    const large = await startHttpProxy(Number(new URL(url).port));
    try {
      await assert.rejects(through(`http://127.0.0.1:${large.port}`)(`http://${far}/`, form, signal));
    } finally {
      await large.close();
    }
  }).timeout(20_000);
});
