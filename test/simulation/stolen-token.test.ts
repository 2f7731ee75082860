import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type Api, isApiError } from "../../daemon/cluster/api.ts";
import { createClient } from "../../daemon/cluster/client.ts";
import { daemonUser } from "../cluster/manifests.ts";
import { addPod, start, world } from "./story.ts";

/** SECURITY.md says the same in a table: what whoever has the token of one node's daemon can do, and what not. */

const system = "/api/v1/namespaces/kube-system";
const apps = "/apis/apps/v1/namespaces/kube-system";
const leases = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
const rbac = "/apis/rbac.authorization.k8s.io/v1";
const container = { name: "main", image: "evil:1" };
const template = { metadata: { labels: { app: "x" } }, spec: { containers: [container] } };
const daemonSet = { metadata: { name: "x" }, spec: { selector: { matchLabels: { app: "x" } }, template } };
const annotate = { metadata: { annotations: { "example.com/x": "1" } } };

type Attempt = (api: Api, options: { signal: AbortSignal }) => Promise<unknown>;
const attempts: [what: string, isAllowed: boolean, attempt: Attempt][] = [
  [
    "cordon any node",
    true,
    (api, options) => api.patch("/api/v1/nodes/n2", { spec: { unschedulable: true } }, options),
  ],
  ["label or taint any node", true, (api, options) => api.patch("/api/v1/nodes/n2", annotate, options)],
  [
    "evict any pod, within its budget",
    true,
    (api, options) =>
      api.create("/api/v1/namespaces/default/pods/web/eviction", { metadata: { name: "web" } }, options),
  ],
  [
    "take the lock, or set it by hand",
    true,
    (api, options) => api.patch(`${leases}/rebootd`, annotate, options),
  ],
  ["read all pods, and the names of their volumes", true, (api, options) => api.get("/api/v1/pods", options)],
  [
    "delete pods past their budgets",
    false,
    (api, options) => api.delete("/api/v1/namespaces/default/pods/api", {}, options),
  ],
  ["delete nodes", false, (api, options) => api.delete("/api/v1/nodes/n2", {}, options)],
  [
    "run pods",
    false,
    (api, options) => api.create(`${system}/pods`, { metadata: { name: "x" }, spec: template.spec }, options),
  ],
  [
    "change pods",
    false,
    (api, options) => api.patch("/api/v1/namespaces/default/pods/api", annotate, options),
  ],
  [
    "run code on every node by a DaemonSet",
    false,
    (api, options) => api.create(`${apps}/daemonsets`, daemonSet, options),
  ],
  [
    "rewrite its own DaemonSet",
    false,
    (api, options) => api.patch(`${apps}/daemonsets/rebootd`, annotate, options),
  ],
  ["read Secrets", false, (api, options) => api.get(`${system}/secrets`, options)],
  ["read ConfigMaps", false, (api, options) => api.get(`${system}/configmaps`, options)],
  ["touch other Leases", false, (api, options) => api.patch(`${leases}/kube-scheduler`, annotate, options)],
  [
    "change budgets",
    false,
    (api, options) =>
      api.patch("/apis/policy/v1/namespaces/default/poddisruptionbudgets/web", annotate, options),
  ],
  [
    "give itself more rights",
    false,
    (api, options) => api.patch(`${rbac}/clusterroles/rebootd`, annotate, options),
  ],
];

describe("A stolen token of one node's daemon", () => {
  let thief: Api;
  before(async () => {
    await start({}, { nodes: 2 });
    for (const name of ["web", "api"]) await addPod(name);
    await world.time.pass(3000);
    const token = world.server.addUser({ ...daemonUser, groups: [...daemonUser.groups] });
    thief = createClient({ transport: world.server.transport(token), clock: world.time.clock });
  });
  after(() => world.stop());

  for (const [what, isAllowed, attempt] of attempts) {
    it(`${isAllowed ? "lets" : "does not let"} somebody ${what}`, async () => {
      const [outcome] = await Promise.allSettled([
        attempt(thief, { signal: world.signal }),
        world.time.pass(1000),
      ]);
      if (isAllowed) assert.equal(outcome.status, "fulfilled");
      else assert.ok(outcome.status === "rejected" && isApiError(outcome.reason, "forbidden"));
    });
  }

  it("is worth what SECURITY.md says", () => {
    const text = readFileSync(new URL("../../SECURITY.md", import.meta.url), "utf8");
    const rows = [...text.matchAll(/^\| (.+?) \| (yes|no)\b[^|]*\|/gm)].map(([, what, answer]) => [
      what,
      answer === "yes",
    ]);
    assert.deepEqual(
      rows,
      attempts.map(([what, isAllowed]) => [what, isAllowed]),
    );
  });
});
