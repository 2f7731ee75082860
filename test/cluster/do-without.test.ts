import assert from "node:assert/strict";
import { type Api, ApiError, isApiError } from "../../daemon/cluster/api.ts";
import { doWithout } from "../../daemon/cluster/do-without.ts";
import { featureOf } from "../../daemon/cluster/rights.ts";
import type { Clock } from "../../daemon/time/clock.ts";
import { everyRow } from "../rows.ts";

const { signal } = new AbortController();
const nodes = "/api/v1/nodes";
const minute = 60_000;

const forbidden = () => new ApiError("no", { code: "forbidden", status: 403 });
const ending = () =>
  new ApiError("the namespace is being terminated", {
    code: "forbidden",
    causes: [{ reason: "NamespaceTerminating" }],
  });

/** The API of a server that answers each request with this error, or without one as it should. */
function start(error?: () => unknown) {
  const server = { error };
  const asked: string[] = [];
  const said: string[] = [];
  let now = 0;
  const clock: Clock = { wall: () => now, elapsed: () => now, sleep: async () => {} };
  const answer = (verb: string) => async (path: string) => {
    asked.push(`${verb} ${path}`);
    if (server.error !== undefined) throw server.error();
    return { items: [] };
  };
  const inner = {
    ...Object.fromEntries(["get", "list", "create", "patch"].map((verb) => [verb, answer(verb)])),
    async *watch(path: string, { onOpen }: { onOpen?: () => void }) {
      const { items } = await answer("watch")(path);
      onOpen?.();
      yield* items;
    },
  } as unknown as Api;
  const api = doWithout({
    api: inner,
    clock,
    warn: (message) => said.push(`warn: ${message}`),
    info: (message) => said.push(`info: ${message}`),
  });
  return {
    api,
    server,
    asked,
    said,
    pass: (ms: number) => {
      now += ms;
    },
    list: () => api.list(nodes, { signal }),
  };
}

const isNotGranted = (error: unknown) => isApiError(error, "not-granted");

describe("A daemon that does without the rights that it lacks", () => {
  it("says once that a feature is off, and with which right it were on", async () => {
    const { list, said } = start(forbidden);
    await assert.rejects(list(), isNotGranted);
    await assert.rejects(list(), isNotGranted);
    assert.equal(said.length, 1);
    assert.match(said[0] ?? "", /^warn: looking at other nodes is off without the right to list nodes: /);
  });

  it("asks again after a minute, and then more and more rarely, up to six hours", async () => {
    const { list, asked, pass } = start(forbidden);
    const askedAt: number[] = [];
    for (let passed = 0; passed < 48 * 60; passed += 1) {
      const before = asked.length;
      await assert.rejects(list(), isNotGranted);
      if (asked.length > before) askedAt.push(passed);
      pass(minute);
    }
    assert.deepEqual(askedAt.slice(0, 6), [0, 1, 3, 7, 15, 31]);
    assert.equal((askedAt.at(-1) ?? 0) - (askedAt.at(-2) ?? 0), 6 * 60);
  });

  it("uses a right that is granted later, and says so", async () => {
    const { list, said, server, pass } = start(forbidden);
    await assert.rejects(list(), isNotGranted);
    server.error = undefined;
    await assert.rejects(list(), isNotGranted);
    pass(minute);
    await list();
    assert.equal(said.at(-1), "info: looking at other nodes is on again");
    server.error = forbidden;
    await assert.rejects(list(), isNotGranted);
    assert.equal(said.length, 3);
  });

  it("takes several refusals at one time for one", async () => {
    const { list, asked, pass } = start(forbidden);
    await Promise.allSettled([list(), list(), list()]);
    pass(minute);
    await assert.rejects(list(), isNotGranted);
    assert.equal(asked.length, 4);
  });

  it("does the same with a watch", async () => {
    const { api, said, server, pass } = start(forbidden);
    const follow = async () => {
      for await (const event of api.watch(nodes, { signal })) assert.fail(JSON.stringify(event));
    };
    await assert.rejects(follow(), isNotGranted);
    pass(minute);
    server.error = undefined;
    await follow();
    assert.deepEqual(said.at(-1), "info: watching the own Node is on again");
  });

  it("keeps a refusal that no missing right explains, and all other errors", async () => {
    const events = "/apis/events.k8s.io/v1/namespaces/shop/events";
    const { api, said } = start(ending);
    await assert.rejects(api.create(events, {}, { signal }), (error) => isApiError(error, "forbidden"));
    const broken = start(() => new ApiError("broken", { code: "server-error", status: 500 }));
    await assert.rejects(broken.list(), (error) => isApiError(error, "server-error"));
    assert.deepEqual([said, broken.said], [[], []]);
  });
});

describe("A right that a daemon can do without", () => {
  const daemonSet = "/apis/apps/v1/namespaces/kube-system/daemonsets/kured";
  const rows: readonly (readonly [string, verb: string, path: string, name: string | undefined])[] = [
    ["the watch of its Node", "watch", nodes, "watching the own Node"],
    ["conditions", "patch", `${nodes}/n1/status`, "writing conditions"],
    ["the watch of pods", "watch", "/api/v1/pods", "watching pods"],
    ["a claim", "get", "/api/v1/namespaces/shop/persistentvolumeclaims/cart", "waiting for volumes"],
    ["attachments", "list", "/apis/storage.k8s.io/v1/volumeattachments", "waiting for volumes"],
    ["budgets", "list", "/apis/policy/v1/namespaces/shop/poddisruptionbudgets", "reading budgets"],
    ["the patch of the lock", "patch", daemonSet, "patching the lock"],
    ["not its own Node", "get", `${nodes}/n1`, undefined],
    ["not the record on it", "patch", `${nodes}/n1`, undefined],
    ["not the pods of its node", "list", "/api/v1/pods", undefined],
    ["not evictions", "create", "/api/v1/namespaces/shop/pods/cart/eviction", undefined],
    ["not whole writes of the lock", "update", daemonSet, undefined],
  ];

  it("is found by verb and path", () =>
    everyRow(rows, (verb, path, name) => assert.equal(featureOf(verb, path)?.name, name)));
});
