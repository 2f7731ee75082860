import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { CommandRefused } from "../../daemon/cli/admin.ts";
import { ApiError } from "../../daemon/cluster/api.ts";
import { ConfigError } from "../../daemon/text/config-error.ts";
import { streamsMax } from "../../daemon/ui/streams.ts";
import { everyRow } from "../rows.ts";
import { type Asked, type PageServer, startPageServer, ticket, token } from "./serving.ts";

let server: PageServer;

describe("The server of the page", () => {
  afterEach(() => server.stop());

  it("serves the page, its script, its style and what is known of a node, as of their types", async () => {
    server = await startPageServer();
    const rows = [
      ["", "text/html", "<p>page</p>"],
      ["page.js", "text/javascript", "script()"],
      ["page.css", "text/css", "p{}"],
      ["calendar", "text/calendar", "BEGIN:VCALENDAR\r\n"],
      ["node/n1", "application/json", '{"name":"n1","lines":["a line"],"history":[],"events":[]}'],
    ] as const;
    for (const [path, type, text] of rows) {
      const answer = await server.ask({ path: `/${token}/${path}?x=1` });
      assert.deepEqual([answer.status, answer.text], [200, text], path);
      assert.equal(answer.headers["content-type"], `${type}; charset=utf-8`);
    }
  });

  it("gives each answer the headers that keep other sites out, also a refusal", async () => {
    server = await startPageServer();
    for (const path of [`/${token}/`, `/${token}/page.js`, "/other"]) {
      const { headers } = await server.ask({ path });
      assert.match(`${headers["content-security-policy"]}`, /^default-src 'none'; script-src 'self'; /);
      assert.doesNotMatch(`${headers["content-security-policy"]}`, /unsafe|\*/);
      assert.match(`${headers["content-security-policy"]}`, /frame-ancestors 'none'/);
      assert.equal(headers["cross-origin-opener-policy"], "same-origin");
      assert.equal(headers["cross-origin-resource-policy"], "same-origin");
      assert.equal(headers["referrer-policy"], "no-referrer");
      assert.equal(headers["x-content-type-options"], "nosniff");
      assert.equal(headers["cache-control"], "no-store");
      assert.equal(headers["access-control-allow-origin"], undefined);
    }
  });

  it("listens on the loopback address alone", async () => {
    server = await startPageServer();
    const others = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ family, internal }) => family === "IPv4" && !internal);
    for (const { address } of [...others, { address: "127.0.0.2" }]) {
      const [error] = await once(connect({ port: server.port, host: address }), "error");
      assert.equal((error as NodeJS.ErrnoException).code, "ECONNREFUSED", address);
    }
  });

  const wrongPaths = [
    "/",
    "/page.js",
    "/the-toke/",
    "/the-token2/",
    "//the-token/",
    "/open/",
    "/open/x",
    "/%",
    "*",
  ];
  it("tells nothing to a request without the token", async () => {
    server = await startPageServer({ canChange: true });
    await everyRow(
      wrongPaths.map((path) => [path, path] as const),
      async (path) => {
        for (const method of ["GET", "POST"]) {
          const { status, text } = await server.ask({ method, path });
          assert.deepEqual([status, text], [404, '{"message":"not found"}'], method);
        }
      },
    );
    const unknown = await server.ask({ path: `/${token}/../etc/passwd` });
    assert.equal(unknown.text, '{"message":"not found"}');
  });

  it("refuses a target that is longer than any of its own", async () => {
    server = await startPageServer();
    assert.equal((await server.ask({ path: `/${token}/?${"x".repeat(2000)}` })).status, 404);
    assert.equal((await server.ask({ path: `/${token}/?${"x".repeat(9000)}` })).status, 431);
  });

  it("answers to its own names alone, so that no name of a site leads to it", async () => {
    server = await startPageServer();
    const { port } = server;
    const rows: [host: string, status: number][] = [
      [`127.0.0.1:${port}`, 200],
      [`localhost:${port}`, 200],
      [`[::1]:${port}`, 200],
      ["127.0.0.1", 403],
      [`127.0.0.1:${port + 1}`, 403],
      [`evil.example:${port}`, 403],
      [`127.0.0.1.evil.example:${port}`, 403],
      [`localhost:${port}.evil.example`, 403],
    ];
    await everyRow(
      rows.map(([host, status]) => [host, { host, status }] as const),
      async ({ host, status }) => assert.equal((await server.ask({ headers: { host } })).status, status),
    );
  });

  it("refuses reads that another site asks for, and lets a person follow a link to the page", async () => {
    server = await startPageServer();
    const events = `/${token}/node/n1`;
    for (const site of ["cross-site", "same-site"]) {
      const headers = { "sec-fetch-site": site };
      assert.equal((await server.ask({ path: events, headers })).status, 403, site);
      assert.equal((await server.ask({ headers })).status, 403, site);
      const followed = { ...headers, "sec-fetch-dest": "document" };
      assert.equal((await server.ask({ headers: followed })).status, 200, site);
      assert.equal((await server.ask({ path: events, headers: followed })).status, 403, site);
    }
    for (const site of ["same-origin", "none"])
      assert.equal((await server.ask({ path: events, headers: { "sec-fetch-site": site } })).status, 200);
  });

  it("opens the page once by a ticket, so that a list of processes shows nothing of use", async () => {
    server = await startPageServer();
    const first = await server.ask({ path: `/open/${ticket}` });
    assert.deepEqual([first.status, first.headers.location], [303, `/${token}/`]);
    assert.equal((await server.ask({ path: `/open/${ticket}` })).status, 404);
  });

  it("knows no other method than GET, and POST where changes are allowed", async () => {
    for (const canChange of [false, true]) {
      server?.stop();
      server = await startPageServer({ canChange });
      for (const method of [
        "HEAD",
        "PUT",
        "DELETE",
        "PATCH",
        "OPTIONS",
        "TRACE",
        ...(canChange ? [] : ["POST"]),
      ]) {
        const { status, headers } = await server.ask({ method });
        assert.deepEqual([status, headers.allow], [405, canChange ? "GET, POST" : "GET"], method);
      }
    }
  });

  it("says in one sentence why a read or a change has failed, and keeps its own faults to itself", async () => {
    const forbidden = { code: "forbidden", status: 403 } as const;
    const rows: [error: Error, status: number, message: RegExp][] = [
      [new ConfigError("invalid node name"), 400, /^invalid node name$/],
      [new CommandRefused("the cluster has no Node"), 409, /^the cluster has no Node$/],
      [new ApiError("PATCH nodes/n1: forbidden", forbidden), 403, /^PATCH nodes\/n1: forbidden$/],
      [new ApiError("GET nodes/n1: gone", { code: "unreachable" }), 502, /^GET nodes\/n1: gone$/],
      [new TypeError("a secret"), 500, /^rebootd ui has failed; see its output$/],
    ];
    for (const [error, status, message] of rows) {
      server?.stop();
      const fail = () => Promise.reject(error);
      server = await startPageServer({ sources: { node: fail, change: fail } as never });
      for (const answer of [await server.ask({ path: `/${token}/node/n1` }), await server.post("pause")]) {
        assert.equal(answer.status, status, error.message);
        assert.match(JSON.parse(answer.text).message, message);
      }
      assert.equal(server.faults.length, status === 500 ? 2 : 0);
    }
  });
});

describe("A change by the page", () => {
  beforeEach(async () => {
    server = await startPageServer({ canChange: true });
  });
  afterEach(() => server.stop());

  it("is made where the page asks for it", async () => {
    const { status, text } = await server.post("pause", { node: "n1" });
    assert.deepEqual([status, text], [200, '{"message":"done"}']);
    assert.deepEqual(server.changes, [["pause", { node: "n1" }]]);
  });

  it("does not exist without --allow-changes", async () => {
    server.stop();
    server = await startPageServer();
    for (const name of ["pause", "resume", "reboot", "lock", "unlock"])
      assert.equal((await server.post(name)).status, 405, name);
  });

  const json = "application/json";
  const foreign: [what: string, headers: (own: string) => Asked["headers"], status: number][] = [
    ["without an origin", () => ({ "content-type": json, "x-rebootd": "1" }), 403],
    ["of no origin", () => ({ origin: "null", "content-type": json, "x-rebootd": "1" }), 403],
    [
      "of another site",
      () => ({ origin: "https://evil.example", "content-type": json, "x-rebootd": "1" }),
      403,
    ],
    [
      "of another port",
      () => ({ origin: "http://127.0.0.1:1", "content-type": json, "x-rebootd": "1" }),
      403,
    ],
    [
      "of its origin with TLS",
      (own) => ({ origin: `https://${own}`, "content-type": json, "x-rebootd": "1" }),
      403,
    ],
    [
      "of another site, by its own account",
      (own) => ({
        origin: `http://${own}`,
        "sec-fetch-site": "cross-site",
        "content-type": json,
        "x-rebootd": "1",
      }),
      403,
    ],
    [
      "as a form",
      (own) => ({ origin: `http://${own}`, "content-type": "text/plain", "x-rebootd": "1" }),
      415,
    ],
    ["without the header of the page", (own) => ({ origin: `http://${own}`, "content-type": json }), 415],
    [
      "to a name of another site",
      () => ({ host: "evil.example", origin: "http://evil.example", "content-type": json, "x-rebootd": "1" }),
      403,
    ],
  ];
  it("is refused where another site could have sent it", () =>
    everyRow(
      foreign.map(([what, headers, status]) => [what, { headers, status }] as const),
      async ({ headers, status }) => {
        const asked = {
          method: "POST",
          path: `/${token}/pause`,
          headers: headers(server.own) ?? {},
          body: "{}",
        };
        assert.equal((await server.ask(asked)).status, status);
        assert.deepEqual(server.changes, []);
      },
    ));

  it("is refused with the right headers and another token", async () => {
    const headers = { origin: `http://${server.own}`, "content-type": json, "x-rebootd": "1" };
    const { status } = await server.ask({ method: "POST", path: "/another/pause", headers, body: "{}" });
    assert.equal(status, 404);
    assert.deepEqual(server.changes, []);
  });

  it("is refused by a name that is none, and with a body that is too long or no JSON", async () => {
    assert.equal((await server.post("events")).status, 404);
    assert.equal((await server.post("toString")).status, 404);
    assert.equal((await server.post("pause", "{")).status, 413);
    assert.equal((await server.post("pause", JSON.stringify("x".repeat(9000)))).status, 413);
    assert.deepEqual(server.changes, []);
  });
});

describe("A hostile program on the machine of the page", () => {
  afterEach(() => server.stop());

  const limits = { max: 10, deadlineMs: 300 };
  const open = () => connect({ port: server.port, host: "127.0.0.1" }).on("error", () => {});

  it("keeps no connection that is silent or slow beyond its deadline", async () => {
    server = await startPageServer({ canChange: true, limits });
    const head = `POST /${token}/pause HTTP/1.1\r\nhost: ${server.own}\r\norigin: http://${server.own}\r\ncontent-type: application/json\r\nx-rebootd: 1\r\ncontent-length: 100\r\n\r\n`;
    const sockets = ["", "GET / HTTP/1.1\r\nhost: ", head].map((begin) => {
      const socket = open();
      socket.write(begin);
      return socket;
    });
    await Promise.all(sockets.map((socket) => once(socket.resume(), "close")));
    assert.deepEqual(server.changes, []);
  });

  it("keeps the person out with no number of connections", async () => {
    server = await startPageServer({ limits: { ...limits, deadlineMs: 60_000 } });
    const sockets = Array.from({ length: 30 }, open);
    await Promise.all(sockets.map((socket) => once(socket, "connect")));
    assert.equal((await server.ask()).status, 200);
    for (const socket of sockets) socket.destroy();
  });

  it("gets one answer a connection, however many requests it sends, and no work for the others", async () => {
    let asked = 0;
    const node = async (name: string) => {
      asked += 1;
      return { name, lines: [], history: [], events: [] };
    };
    server = await startPageServer({ limits, sources: { node } as never });
    const socket = open();
    socket.write(`GET /${token}/node/n1 HTTP/1.1\r\nhost: ${server.own}\r\n\r\n`.repeat(50));
    let text = "";
    socket.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    await once(socket, "close");
    assert.deepEqual([text.split("HTTP/1.1 200").length - 1, asked], [1, 1]);
  });

  it("gets a stream beyond the deadline of other requests, and not more streams than there may be", async () => {
    server = await startPageServer({ limits });
    const streams = Array.from({ length: streamsMax }, () => {
      const socket = open();
      socket.write(`GET /${token}/events HTTP/1.1\r\nhost: ${server.own}\r\n\r\n`);
      return socket;
    });
    await Promise.all(streams.map((socket) => once(socket, "data")));
    assert.equal((await server.ask({ path: `/${token}/events` })).status, 503);
    await once(open().resume(), "close");
    assert.ok(streams.every((socket) => !socket.closed));
    assert.equal((await server.ask()).status, 200);
    const ended = streams.map((socket) => once(socket.resume(), "close"));
    server.stop();
    await Promise.all(ended);
  });
});
