import assert from "node:assert/strict";
import { glob, readFile } from "node:fs/promises";
import { type Api, ApiError } from "../../daemon/cluster/api.ts";
import { type EvictionAnswer, type EvictionCode, endPod, evictionCode } from "../../daemon/drain/evict.ts";
import { everyRow } from "../rows.ts";
import { pod } from "./builders.ts";

const rights =
  'pods "p" is forbidden: User "system:serviceaccount:kube-system:rebootd" cannot create resource "pods/eviction" in API group "" in the namespace "shop"';
const denied = 'admission webhook "evict.example.com" denied the request';

type Facts = Omit<ConstructorParameters<typeof ApiError>[1], "status">;

async function answer(said: string, facts: Facts): Promise<EvictionAnswer> {
  const create = async () => {
    throw new ApiError(`create /api/v1/namespaces/shop/pods/p/eviction: ${said}`, facts);
  };
  const { signal } = new AbortController();
  return endPod({ create } as unknown as Api, "evict", pod(), -1, signal);
}

describe("An eviction that is refused", () => {
  const rows: [said: string, facts: Facts, by: string, why: string][] = [
    [
      "429: Cannot evict pod as it would violate the pod's disruption budget.",
      { code: "too-many-requests", causes: [{ reason: "DisruptionBudget", message: "db needs 1" }] },
      "budget",
      "db needs 1",
    ],
    [`429: ${denied}: hand-over`, { code: "too-many-requests" }, "webhook", `${denied}: hand-over`],
    [`403: ${denied}: not on Sundays`, { code: "forbidden" }, "webhook", `${denied}: not on Sundays`],
    [`400: ${denied} without explanation`, { code: "invalid" }, "webhook", `${denied} without explanation`],
    [`404: ${denied}: no lease`, { code: "not-found" }, "webhook", `${denied}: no lease`],
    [`500: ${denied}: oh`, { code: "server-error" }, "webhook", `${denied}: oh`],
    [`403: ${denied}:\n  two\n  lines`, { code: "forbidden" }, "webhook", `${denied}: two lines`],
    [
      '500: Internal error occurred: failed calling webhook "evict.example.com": Post "https://x": EOF',
      { code: "server-error" },
      "webhook-down",
      'failed calling webhook "evict.example.com": Post "https://x": EOF',
    ],
    [`403: ${rights}`, { code: "forbidden" }, "rights", rights.slice(rights.indexOf("User"))],
    [
      '403: pods "p" is forbidden: unable to create: the namespace ends',
      { code: "forbidden" },
      "rule",
      'create /api/v1/namespaces/shop/pods/p/eviction: 403: pods "p" is forbidden: unable to create: the namespace ends',
    ],
    [
      "503: no etcd",
      { code: "server-error" },
      "server",
      "create /api/v1/namespaces/shop/pods/p/eviction: 503: no etcd",
    ],
  ];
  it("has the origin and the reason of the server's answer", () =>
    everyRow(
      rows.map((row) => [row[0], ...row] as const),
      async (said, facts, by, why) => {
        const expected = { agreed: false, refusal: { by, why }, retryAfterMs: 0 };
        assert.deepEqual(await answer(said, facts), expected);
      },
    ));

  it("has a reason of a few lines, however much a webhook writes", async () => {
    const refused = await answer(`403: ${denied}: ${"blah ".repeat(10_000)}the end`, { code: "forbidden" });
    assert.ok(!refused.agreed && refused.refusal.why.length < 410, JSON.stringify(refused));
    assert.match(
      refused.refusal.why,
      /^admission webhook "evict.example.com" denied the request: .* the end$/,
    );
  });

  it("counts by its HTTP status, the many by their class", async () => {
    const codeOf = async (by: "evict" | "delete", status: number | undefined) => {
      const codes: EvictionCode[] = [];
      const fail = async () => {
        throw new ApiError("no", { code: "server-error", status });
      };
      const api = { create: fail, delete: fail } as unknown as Api;
      await endPod(api, by, pod(), -1, new AbortController().signal, (code) => void codes.push(code));
      return codes.join();
    };
    const statuses = [403, 404, 409, 429, 400, 422, 500, 503, 302, 600, undefined];
    assert.deepEqual(await Promise.all(statuses.map((status) => codeOf("evict", status))), [
      ...["403", "404", "409", "429", "4xx", "4xx", "5xx", "5xx", "other", "other", "none"],
    ]);
    assert.equal(await codeOf("delete", 429), "");
    assert.equal(evictionCode(201), "201");
  });

  it("is none where the pod has gone", async () => {
    assert.deepEqual(await answer('404: pods "p" not found', { code: "not-found" }), { agreed: true });
  });
});

describe("The end of a pod", () => {
  it("is requested in one place of the daemon", async () => {
    const asking: string[] = [];
    for await (const file of glob("daemon/**/*.ts")) {
      const text = await readFile(file, "utf8");
      if (/paths\.eviction\(|\.delete\(\s*paths\.pod\(/.test(text)) asking.push(file);
    }
    assert.deepEqual(asking, ["daemon/drain/evict.ts"]);
  });
});
