import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type Api, isApiError } from "../../daemon/cluster/api.ts";
import { createClient } from "../../daemon/cluster/client.ts";
import type { User } from "../kubernetes/api/server.ts";
import { daemonUser, daemonUserOn } from "../world/manifests.ts";
import { createStory, pods } from "./story.ts";

const story = createStory();
const {
  addBudget,
  addPod,
  annotateLease,
  isRebooted,
  look,
  node,
  pass,
  patchNode,
  phase,
  readNode,
  start,
  until,
  wantReboot,
} = story;

/** SECURITY.md says the same in a table: what whoever has the token of one node's daemon can do, and what not. */

const system = "/api/v1/namespaces/kube-system";
const apps = "/apis/apps/v1/namespaces/kube-system";
const leases = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
const rbac = "/apis/rbac.authorization.k8s.io/v1";
const container = { name: "main", image: "evil:1" };
const template = { metadata: { labels: { app: "x" } }, spec: { containers: [container] } };
const daemonSet = { metadata: { name: "x" }, spec: { selector: { matchLabels: { app: "x" } }, template } };
const events = "/apis/events.k8s.io/v1/namespaces/default/events";
const eventAbout = (regarding: object, more: object = {}) => ({
  metadata: { generateName: "x-" },
  eventTime: "2026-11-24T12:00:00.000000Z",
  type: "Normal",
  reason: "Fine",
  action: "Fine",
  regarding,
  reportingController: "rebootd.dev/daemon",
  reportingInstance: "x",
  ...more,
});
const pod = { kind: "Pod", namespace: "default", name: "web" };
const delayedOn = (name: string) => ({ reason: "DrainHeldUp", related: { kind: "Node", name } });
const annotate = { metadata: { annotations: { "example.com/x": "1" } } };

type Attempt = (api: Api, options: { signal: AbortSignal }) => Promise<unknown>;

/** The thief has the token of n1's daemon. */
interface Row {
  what: string;
  /** By the rights alone, as with `components/without-admission`. */
  isAllowed: boolean;
  /** By the policies too, where that makes a difference. */
  isAdmitted?: boolean;
  attempt: Attempt;
}

const cordon =
  (node: string): Attempt =>
  (api, options) =>
    api.patch(`/api/v1/nodes/${node}`, { spec: { unschedulable: true } }, options);
const evict =
  (name: string): Attempt =>
  (api, options) =>
    api.create(`${pods}/${name}/eviction`, { metadata: { name } }, options);
const removeNode: Attempt = (api, options) => api.delete("/api/v1/nodes/n2", {}, options);
const patch =
  (path: string, body: object = annotate): Attempt =>
  (api, options) =>
    api.patch(path, body, options);

const setCondition =
  (node: string, type: string): Attempt =>
  (api, options) => {
    const conditions = [{ type, status: "Unknown", reason: "X", message: "" }];
    return api.strategicPatch(`/api/v1/nodes/${node}/status`, { status: { conditions } }, options);
  };

const attempts: Row[] = [
  { what: "cordon its own node", isAllowed: true, attempt: cordon("n1") },
  { what: "cordon any node", isAllowed: true, isAdmitted: false, attempt: cordon("n2") },
  {
    what: "label any node",
    isAllowed: true,
    isAdmitted: false,
    attempt: patch("/api/v1/nodes/n1", { metadata: { labels: { x: "y" } } }),
  },
  { what: "annotate any node", isAllowed: true, isAdmitted: false, attempt: patch("/api/v1/nodes/n1") },
  {
    what: "keep any Node from being deleted, by a finalizer",
    isAllowed: true,
    isAdmitted: false,
    attempt: patch("/api/v1/nodes/n1", { metadata: { finalizers: ["example.com/x"] } }),
  },
  {
    what: "set a provider's ID that is not there yet",
    isAllowed: true,
    isAdmitted: false,
    attempt: patch("/api/v1/nodes/n1", { spec: { providerID: "x" } }),
  },
  {
    what: "set a range of pod addresses that is not there yet",
    isAllowed: true,
    isAdmitted: false,
    attempt: patch("/api/v1/nodes/n1", { spec: { podCIDR: "10.0.1.0/24" } }),
  },
  {
    what: "taint any node so that pods have to go",
    isAllowed: true,
    isAdmitted: false,
    attempt: patch("/api/v1/nodes/n1", { spec: { taints: [{ key: "x", effect: "NoExecute" }] } }),
  },
  {
    what: "write rebootd's conditions of its own node",
    isAllowed: true,
    attempt: setCondition("n1", "Drained"),
  },
  {
    what: "write rebootd's conditions of any node",
    isAllowed: true,
    isAdmitted: false,
    attempt: setCondition("n2", "Drained"),
  },
  {
    what: "make any node Ready or NotReady",
    isAllowed: true,
    isAdmitted: false,
    attempt: setCondition("n1", "Ready"),
  },
  {
    what: "change what any node offers, such as its capacity",
    isAllowed: true,
    isAdmitted: false,
    attempt: patch("/api/v1/nodes/n1/status", { status: { capacity: { cpu: "9999" } } }),
  },
  {
    what: "annotate any node by its status",
    isAllowed: true,
    isAdmitted: false,
    attempt: patch("/api/v1/nodes/n1/status"),
  },
  {
    what: "write the record of any node",
    isAllowed: true,
    isAdmitted: false,
    attempt: patch("/api/v1/nodes/n2", { metadata: { annotations: { "rebootd.dev/cycle": "{}" } } }),
  },
  {
    what: "evict any pod, within its budget",
    isAllowed: true,
    attempt: evict("web"),
  },
  {
    what: "take the lock, or set it by hand",
    isAllowed: true,
    attempt: patch(`${leases}/rebootd`, { metadata: { annotations: { "rebootd.dev/lock": "{}" } } }),
  },
  {
    what: "pause all nodes",
    isAllowed: true,
    isAdmitted: false,
    attempt: patch(`${leases}/rebootd`, { metadata: { annotations: { "rebootd.dev/paused": "true" } } }),
  },
  {
    what: "write events about anything",
    isAllowed: true,
    isAdmitted: false,
    attempt: (api, options) => api.create(events, eventAbout({ kind: "Node", name: "n2" }), options),
  },
  {
    what: "write that its node's drain is delayed by any pod or budget",
    isAllowed: true,
    attempt: (api, options) => api.create(events, eventAbout(pod, delayedOn("n1")), options),
  },
  {
    what: "read all pods, and the names of their volumes",
    isAllowed: true,
    attempt: (api, options) => api.get("/api/v1/pods", options),
  },
  {
    what: "delete pods past their budgets",
    isAllowed: false,
    attempt: (api, options) => api.delete("/api/v1/namespaces/default/pods/api", {}, options),
  },
  {
    what: "restart a Deployment",
    isAllowed: false,
    attempt: patch("/apis/apps/v1/namespaces/default/deployments/web", {
      spec: { template: annotate },
    }),
  },
  {
    what: "delete nodes",
    isAllowed: false,
    attempt: removeNode,
  },
  {
    what: "run pods",
    isAllowed: false,
    attempt: (api, options) =>
      api.create(`${system}/pods`, { metadata: { name: "x" }, spec: template.spec }, options),
  },
  { what: "change pods", isAllowed: false, attempt: patch("/api/v1/namespaces/default/pods/api") },
  {
    what: "run code on every node by a DaemonSet",
    isAllowed: false,
    attempt: (api, options) => api.create(`${apps}/daemonsets`, daemonSet, options),
  },
  { what: "rewrite its own DaemonSet", isAllowed: false, attempt: patch(`${apps}/daemonsets/rebootd`) },
  {
    what: "read Secrets",
    isAllowed: false,
    attempt: (api, options) => api.get(`${system}/secrets`, options),
  },
  {
    what: "read ConfigMaps",
    isAllowed: false,
    attempt: (api, options) => api.get(`${system}/configmaps`, options),
  },
  { what: "touch other Leases", isAllowed: false, attempt: patch(`${leases}/kube-scheduler`) },
  {
    what: "change budgets",
    isAllowed: false,
    attempt: patch("/apis/policy/v1/namespaces/default/poddisruptionbudgets/web"),
  },
  { what: "give itself more rights", isAllowed: false, attempt: patch(`${rbac}/clusterroles/rebootd`) },
  {
    what: "lift the policy that binds it",
    isAllowed: false,
    attempt: patch("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/rebootd"),
  },
];

const columns: [columnName: string, components: string[], isDone: (row: Row) => boolean][] = [
  ["", [], ({ isAllowed, isAdmitted = isAllowed }) => isAdmitted],
  [" with components/without-admission", ["without-admission"], ({ isAllowed }) => isAllowed],
];

for (const [columnName, components, isDone] of columns) {
  describe(`A stolen token of one node's daemon${columnName}`, () => {
    let thief: Api;
    before(async () => {
      await start({}, { nodes: 2, components });
      for (const name of ["web", "api"]) await addPod(name);
      await pass(3000);
      thief = apiOf(daemonUserOn("n1"));
    });
    after(story.stop);

    for (const row of attempts) {
      it(`${isDone(row) ? "lets" : "does not let"} somebody ${row.what}`, async () => {
        const refused = await refusalOf(row.attempt, thief);
        if (isDone(row)) assert.equal(refused, undefined);
        else assert.ok(isApiError(refused, "forbidden"), String(refused));
      });
    }
  });
}

describe("By the policies of manifests/base, a daemon", () => {
  afterEach(story.stop);

  it("that says on which node it is by no token changes nothing", async () => {
    await start({});
    for (const attempt of [cordon("n1"), evict("web")]) {
      const refused = await refusalOf(attempt, apiOf(daemonUser));
      assert.match(String(refused), /the token does not belong to a pod on a node/);
    }
  });

  it("has no use of rights that it was given by mistake", async () => {
    await start({}, { nodes: 2 });
    const binding = {
      metadata: { name: "too-much" },
      roleRef: { kind: "ClusterRole", name: "cluster-admin" },
      subjects: [{ kind: "User", name: daemonUser.name }],
    };
    await story.world.api.create(`${rbac}/clusterrolebindings`, binding, { signal: story.world.signal });
    const refused = await refusalOf(removeNode, apiOf(daemonUserOn("n2")));
    assert.match(String(refused), /rebootd does not need DELETE nodes/);
  });

  it("deletes pods on its own node only, where it may delete them at all", async () => {
    await start({}, { nodes: 2, components: ["delete-pods"] });
    await addPod("here", { on: "n1" });
    await addPod("there", { on: "n2" });
    const thief = apiOf(daemonUserOn("n1"));
    const remove =
      (name: string): Attempt =>
      (api, options) =>
        api.delete(`${pods}/${name}`, {}, options);
    assert.equal(await refusalOf(remove("here"), thief), undefined);
    assert.match(String(await refusalOf(remove("there"), thief)), /only pods on its own node, n1/);
  });

  it("writes no event about a pod or a budget but that it delays the drain of its node", async () => {
    await start({}, { nodes: 2 });
    const thief = apiOf(daemonUserOn("n1"));
    const refusalOf1 = async (regarding: object, more: object) =>
      String(
        await refusalOf((api, options) => api.create(events, eventAbout(regarding, more), options), thief),
      );
    const budget = { ...pod, kind: "PodDisruptionBudget" };
    assert.equal(await refusalOf1(budget, delayedOn("n1")), "undefined");
    const refused = /only events about its own Node, n1, and about what delays the drain of it/;
    for (const [regarding, more] of [
      [pod, delayedOn("n2")],
      [pod, {}],
      [pod, { reason: "DrainHeldUp" }],
      [pod, { ...delayedOn("n1"), reason: "Evicted" }],
      [{ ...pod, kind: "Service" }, delayedOn("n1")],
    ] as const)
      assert.match(await refusalOf1(regarding, more), refused);
  });

  it("takes away the note that a person has unlocked its node, with its slot", async () => {
    await start({ "reboot-delay": "1m" });
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining");
    await annotateLease("rebootd.dev/unlocked", JSON.stringify([{ node: "n1", at: "2026-11-24T12:00:10Z" }]));
    await until("n1 has rebooted", isRebooted);
    const { lock } = await look();
    assert.equal(lock, undefined);
  });

  it("says what it may not change", async () => {
    await start({});
    const refused = await refusalOf(patch("/api/v1/nodes/n1"), apiOf(daemonUserOn("n1")));
    assert.match(String(refused), /a daemon may not change annotations example\.com\/x/);
  });

  it("does all of its work: nothing is refused", async () => {
    const options = {
      "prefer-no-schedule-taint": "example.com/soon",
      "drain-escalation": "evict:2m,delete:1m",
      preflight: "off",
    };
    await start(options, { nodes: 3, components: ["delete-pods"] });
    await addPod("stuck", { on: "n2" });
    await addBudget("stuck");
    await pass(3000);
    await patchNode({ metadata: { annotations: { "rebootd.dev/reboot-requested": "true" } } });
    for (const name of ["n2", "n3"]) node(name).wantsReboot();
    const isDone = () => story.world.machines.every(({ boots }) => boots.length === 2);
    await until("all have rebooted", async () => isDone());
    await until("the lock is free", async () => (await look()).lock === undefined);
    const asked = story.world.server.ledger.entries({ user: daemonUser.name });
    assert.deepEqual(
      asked.filter(({ status }) => status === 403 || status === 422),
      [],
    );
    assert.ok(asked.some(({ verb, name }) => verb === "delete" && name === "stuck"));
    assert.equal((await readNode()).metadata?.annotations?.["rebootd.dev/reboot-requested"], undefined);
  });
});

describe("SECURITY.md", () => {
  it("says what a stolen token is worth", () => {
    const text = readFileSync(new URL("../../SECURITY.md", import.meta.url), "utf8");
    const answers = "(yes|no)\\b[^|]*";
    const rows = [...text.matchAll(new RegExp(`^\\| (.+?) \\| ${answers}\\| ${answers}\\| .*\\|$`, "gm"))];
    assert.deepEqual(
      rows.map(([, what, ...said]) => [what, ...said]),
      attempts.map((row) => [row.what, ...columns.map(([, , isDone]) => (isDone(row) ? "yes" : "no"))]),
    );
  });
});

function apiOf(user: User): Api {
  const transport = story.world.server.transport(story.world.server.addUser(user));
  return createClient({ transport, clock: story.world.time.clock });
}

/** What came of it; undefined where it was let. */
async function refusalOf(attempt: Attempt, api: Api): Promise<unknown> {
  const [outcome] = await Promise.allSettled([attempt(api, { signal: story.world.signal }), pass(1000)]);
  return outcome.status === "rejected" ? outcome.reason : undefined;
}
