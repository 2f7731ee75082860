import assert from "node:assert/strict";
import { ApiError, type ApiErrorCode, isApiError, unlessNotFound } from "../../daemon/cluster/api.ts";
import { createClient } from "../../daemon/cluster/client.ts";
import type { ApiRequest, ApiResponse, Transport } from "../../daemon/cluster/transport.ts";
import type { Clock } from "../../daemon/time/clock.ts";
import { everyRow } from "../rows.ts";

const { signal } = new AbortController();
const noon = Date.parse("2026-11-24T12:00:00Z");

/** A clock that never reaches a deadline, and one that reaches each at once. */
const stopped: Clock = { wall: () => noon, elapsed: () => 0, sleep: () => new Promise(() => {}) };
const impatient: Clock = { wall: () => noon, elapsed: () => 0, sleep: async () => {} };

function answer(
  status: number,
  body: string,
  headers: Record<string, string> = {},
  chunks = [body],
): ApiResponse {
  return {
    status,
    header: (name) => headers[name],
    async *chunks() {
      yield* chunks;
    },
  };
}

function client(transport: Transport, clock = stopped) {
  return createClient({ transport, clock });
}

async function failure(promise: Promise<unknown>): Promise<ApiError> {
  const error = await promise.then(
    () => assert.fail("was answered"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ApiError, String(error));
  return error;
}

describe("A call to the API server", () => {
  it("reads an object to the letter, so that writing it back changes nothing", async () => {
    const stored =
      '{"metadata":{"name":"kured","creationTimestamp":null},"seconds":9223372036854775807,"part":1.0}';
    const sent: ApiRequest[] = [];
    const api = client(async (request) => {
      sent.push(request);
      return answer(200, stored);
    });
    const whole = await api.getWhole<object>("/apis/x/v1/things/kured", { signal });
    await api.update("/apis/x/v1/things/kured", whole, { signal });
    assert.deepEqual(
      sent.map(({ method, headers, body }) => [method, headers["content-type"], body]),
      [
        ["GET", undefined, undefined],
        ["PUT", "application/json", stored],
      ],
    );
  });

  it("sends its query and its body", async () => {
    const sent: ApiRequest[] = [];
    const api = client(async (request) => {
      sent.push(request);
      return answer(200, '{"a":1}');
    });
    assert.deepEqual(
      await api.get("/api/v1/pods", { signal, query: { limit: 5, labelSelector: undefined } }),
      { a: 1 },
    );
    await api.patch("/api/v1/nodes/n1", { spec: { unschedulable: null } }, { signal });
    assert.deepEqual(
      sent.map(({ method, path, headers, body }) => [method, path, headers["content-type"], body]),
      [
        ["GET", "/api/v1/pods?limit=5", undefined, undefined],
        ["PATCH", "/api/v1/nodes/n1", "application/merge-patch+json", '{"spec":{"unschedulable":null}}'],
      ],
    );
  });

  it("says which program asks, and of which version", async () => {
    const sent: (string | undefined)[] = [];
    const transport: Transport = async ({ headers }) => {
      sent.push(headers["user-agent"]);
      return answer(200, "{}");
    };
    await createClient({ transport, clock: stopped, userAgent: "rebootd/1.2.3" }).get("/version", { signal });
    await createClient({ transport, clock: stopped }).get("/version", { signal });
    assert.deepEqual(sent, ["rebootd/1.2.3", "rebootd"]);
  });

  const codes: [status: number, reason: string, code: ApiErrorCode][] = [
    [401, "Unauthorized", "unauthorized"],
    [403, "Forbidden", "forbidden"],
    [404, "NotFound", "not-found"],
    [409, "Conflict", "conflict"],
    [409, "AlreadyExists", "already-exists"],
    [410, "Expired", "expired"],
    [422, "Invalid", "invalid"],
    [429, "TooManyRequests", "too-many-requests"],
    [500, "InternalError", "server-error"],
    [503, "", "server-error"],
  ];
  it("fails with a code for each status and reason", () =>
    everyRow(
      codes.map((row) => [`${row[0]} ${row[1]}`, ...row] as const),
      async (status, reason, code) => {
        const body = JSON.stringify({ kind: "Status", message: "because", reason });
        const error = await failure(client(async () => answer(status, body)).get("/x", { signal }));
        assert.equal(error.code, code);
        assert.equal(error.status, status);
        assert.match(error.message, /^get \/x: \d+: because$/);
      },
    ));

  it("fails with the pause that the server asks for, and the causes", async () => {
    const details = { causes: [{ reason: "DisruptionBudget", message: "no room" }], retryAfterSeconds: 10 };
    const body = JSON.stringify({ kind: "Status", reason: "TooManyRequests", details });
    const asked = (headers: Record<string, string>) =>
      failure(client(async () => answer(429, body, headers)).create("/x", {}, { signal }));
    assert.equal((await asked({ "retry-after": "3" })).retryAfterMs, 3000);
    assert.equal((await asked({ "retry-after": "Tue, 24 Nov 2026 12:00:05 GMT" })).retryAfterMs, 5000);
    assert.equal((await asked({})).retryAfterMs, 10_000);
    assert.deepEqual((await asked({})).causes, details.causes);
  });

  it("fails as unreachable without an answer", async () => {
    const error = await failure(
      client(async () => {
        throw new Error("connect ECONNREFUSED");
      }).get("/x", { signal }),
    );
    assert.equal(error.code, "unreachable");
    assert.match(String((error.cause as Error).message), /ECONNREFUSED/);
  });

  it("fails at its deadline if the server is silent", async () => {
    const error = await failure(client(() => new Promise(() => {}), impatient).get("/x", { signal }));
    assert.equal(error.code, "deadline");
  });

  it("rejects a page of a proxy", async () => {
    assert.equal(
      (await failure(client(async () => answer(200, "<html>")).get("/x", { signal }))).code,
      "bad-answer",
    );
    assert.equal(
      (await failure(client(async () => answer(502, "<html>")).get("/x", { signal }))).code,
      "server-error",
    );
  });

  it("rejects an answer that is not an object, with any status", async () => {
    for (const body of ["null", "[]", '"words"', "1", ""]) {
      const asked = (status: number) =>
        failure(client(async () => answer(status, body)).get("/x", { signal }));
      assert.equal((await asked(200)).code, "bad-answer");
      assert.equal((await asked(502)).code, "server-error");
    }
  });

  it("reads null as a missing field, at any depth", async () => {
    const body = '{"a":null,"b":{"c":null,"d":[{"e":null,"f":0},{}]},"g":"","h":false}';
    assert.deepEqual(await client(async () => answer(200, body)).get("/x", { signal }), {
      b: { d: [{ f: 0 }, {}] },
      g: "",
      h: false,
    });
  });

  it("returns undefined if it may find nothing", async () => {
    const gone = client(async () => answer(404, "{}"));
    assert.equal(await unlessNotFound(() => gone.get("/x", { signal })), undefined);
    const broken = client(async () => answer(500, "{}"));
    await assert.rejects(
      unlessNotFound(() => broken.get("/x", { signal })),
      (error) => isApiError(error, "server-error"),
    );
  });
});

describe("A list", () => {
  const listOf = (body: unknown) =>
    client(async () => answer(200, JSON.stringify(body))).list("/x", { signal });

  const empty: [what: string, body: unknown][] = [
    ["null, as metadata comes", { metadata: { resourceVersion: "7" }, items: null }],
    ["empty, as whole objects come", { metadata: { resourceVersion: "7" }, items: [] }],
    ["absent", { metadata: { resourceVersion: "7" } }],
  ];
  it("is empty if its items are empty, null or absent", () =>
    everyRow(empty, async (body) => {
      const { items, metadata } = await listOf(body);
      assert.deepEqual([items, metadata.resourceVersion], [[], "7"]);
    }));

  it("has no next page if the token is empty, null or absent", async () => {
    for (const metadata of [{ continue: "" }, { continue: null }, {}, null, undefined]) {
      assert.equal((await listOf({ metadata, items: [] })).metadata.continue, undefined);
    }
    assert.equal((await listOf({ metadata: { continue: "t" } })).metadata.continue, "t");
  });

  it("is rejected if the answer is not a list", async () => {
    for (const body of [{ items: {} }, { items: [null] }, { items: ["a"] }, [], null, "items"]) {
      const { code, message } = await failure(listOf(body));
      assert.equal(code, "bad-answer");
      assert.match(message, /^list \/x: the answer is not (a list: |an object$)/);
    }
  });
});

describe("A watch", () => {
  async function collect(chunks: string[], status = 200) {
    const api = client(async () => answer(status, chunks.join(""), {}, chunks));
    const seen: unknown[] = [];
    for await (const event of api.watch<{ n: unknown }>("/x", { signal })) seen.push(event.object.n);
    return seen;
  }

  it("joins events from any chunks", async () => {
    assert.deepEqual(
      await collect(['{"type":"ADDED","object":{"n":1}}\n{"ty', 'pe":"MODIFIED","obj', 'ect":{"n":2}}\n']),
      [1, 2],
    );
  });

  it("ends with the connection", async () => {
    assert.deepEqual(await collect([]), []);
  });

  it("fails as expired if its version is forgotten", async () => {
    const expired =
      '{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}\n';
    await assert.rejects(collect([expired]), (error) => isApiError(error, "expired"));
    await assert.rejects(collect(["{}"], 410), (error) => isApiError(error, "expired"));
  });

  it("rejects a line that is not an event", async () => {
    for (const line of [
      "garbage",
      "null",
      "[]",
      "{}",
      '{"type":"ADDED"}',
      '{"type":"ADDED","object":null}',
    ]) {
      await assert.rejects(collect([`${line}\n`]), (error) => isApiError(error, "bad-answer"));
    }
  });

  it("reads null in its objects as a missing field", async () => {
    const line = '{"type":"ADDED","object":{"n":{"labels":null}}}\n';
    assert.deepEqual(await collect([line]), [{}]);
  });

  it("fails at its deadline if the server falls silent", async () => {
    const silent = client(
      async () => ({
        ...answer(200, ""),
        chunks: () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }),
      }),
      impatient,
    );
    await assert.rejects(
      async () => {
        for await (const _ of silent.watch("/x", { signal }));
      },
      (error) => isApiError(error, "deadline"),
    );
  });
});
