/** Each way in which a world may be broken for the daemons, told once. */
import { contract } from "../../daemon/annotations/names.ts";
import type { ApiResponse, Transport } from "../../daemon/cluster/transport.ts";
import type { FaultEffect, FaultMatch } from "../kubernetes/api/server.ts";
import type { SmallWorld, SmallWorldOptions } from "../simulation/small-world.ts";

export interface BrokenWorld {
  name: string;
  /** It breaks when all nodes begin to need a reboot, unless it is while one of them drains. */
  from?: "drain";
  /** What goes wrong with the daemons' requests, with all of them where `match` is absent. */
  fault?: { match?: FaultMatch; effect: FaultEffect };
  /** What else is broken. */
  breaks?: (world: SmallWorld) => void | Promise<void>;
  world?: Partial<SmallWorldOptions>;
  /** Two daemons run on this node, each with the budget of one. */
  twoDaemonsOn?: string;
}

const leases = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
const admission = "/apis/admissionregistration.k8s.io/v1";

const busy: FaultEffect = { status: 429, retryAfter: 1 };
const forbidden: FaultEffect = { refusal: { code: 403, reason: "Forbidden", message: "a webhook says no" } };

const lockWrites: FaultMatch = { verb: "patch", resource: "leases" };
const nodeWrites: FaultMatch = { verb: "patch", resource: "nodes" };

/** So that some node is in its cycle all the while. */
const longCycle = { "reboot-delay": "15m" };
/** A drain begins, and does not end. */
const heldUp: Partial<SmallWorldOptions> = {
  workloads: [{ name: "web", replicas: 6, budget: { maxUnavailable: 0 } }],
  options: { preflight: "off" },
};

const lockTroubles: readonly BrokenWorld[] = [
  {
    name: "the Lease is missing, and may not be created",
    fault: { match: { verb: "create", resource: "leases" }, effect: forbidden },
    breaks: async ({ api, signal }) => void (await api.delete(`${leases}/rebootd`, {}, { signal })),
  },
  { name: "writes of the Lease get 500", fault: { match: lockWrites, effect: { status: 500 } } },
  { name: "writes of the Lease get 403", fault: { match: lockWrites, effect: forbidden } },
  { name: "writes of the Lease get 409", fault: { match: lockWrites, effect: { status: 409 } } },
  { name: "writes of the Lease get 429", fault: { match: lockWrites, effect: busy } },
  {
    name: "the lock is overwritten with an empty value every 20 s",
    breaks: (world) => every(20_000, world, () => setLock(world, "")),
    world: { options: longCycle },
  },
  {
    name: "the lock is removed every 20 s",
    breaks: (world) => every(20_000, world, () => setLock(world, null)),
    world: { options: longCycle },
  },
];

const watchTroubles: readonly BrokenWorld[] = [
  {
    name: "watches of Leases get 429",
    fault: { match: { verb: "watch", resource: "leases" }, effect: busy },
    breaks: cutWatches,
  },
  {
    name: "watches of Nodes get 403",
    fault: { match: { verb: "watch", resource: "nodes" }, effect: forbidden },
    breaks: cutWatches,
  },
  { name: "all watches get 403", fault: { match: { verb: "watch" }, effect: forbidden }, breaks: cutWatches },
  { name: "watches end as soon as they are open", world: { between: withWatches(endAtOnce) } },
  { name: "watches are silent", world: { between: withWatches(sayNothing) } },
];

const nodeTroubles: readonly BrokenWorld[] = [
  { name: "patches of the Node get 403", fault: { match: nodeWrites, effect: forbidden } },
  { name: "patches of the Node get 500", fault: { match: nodeWrites, effect: { status: 500 } } },
  { name: "patches of the Node get 409", fault: { match: nodeWrites, effect: { status: 409 } } },
  { name: "the patch that cordons gets 403", breaks: refuseCordons },
  {
    name: "reads of the Node get 500",
    fault: { match: { verb: "get", resource: "nodes" }, effect: { status: 500 } },
  },
  {
    name: "the record is removed from the Nodes every 30 s",
    breaks: (world) => every(30_000, world, () => removeRecords(world)),
    world: { options: longCycle },
  },
];

const drainTroubles: readonly BrokenWorld[] = [
  { name: "a budget lets no pod go", world: heldUp },
  {
    name: "lists of pods get 403 during the drain",
    fault: { match: { verb: "list", resource: "pods" }, effect: forbidden },
    // Else no drain would begin.
    world: { options: { preflight: "off" } },
  },
  { name: "evictions get 403", fault: { match: { subresource: "eviction" }, effect: forbidden } },
];

const serverTroubles: readonly BrokenWorld[] = [
  { name: "all requests get 500", fault: { effect: { status: 500 } }, breaks: cutWatches },
  { name: "all requests get 429", fault: { effect: busy }, breaks: cutWatches },
  { name: "all requests hang", fault: { effect: "hang" }, breaks: cutWatches },
  { name: "the API server is away", breaks: ({ server }) => server.setAway(true) },
];

export const brokenWorlds: readonly BrokenWorld[] = [
  ...lockTroubles,
  ...watchTroubles,
  ...nodeTroubles,
  ...drainTroubles,
  ...serverTroubles,
  ...serverTroubles.map(duringDrain),
  {
    name: "Prometheus is down",
    world: {
      options: { "prometheus-url": "http://prometheus.test:9090" },
      post: async () => {
        throw new Error("connect ECONNREFUSED");
      },
    },
  },
  {
    name: "two daemons with two locks are on one node",
    breaks: async (world) => {
      await world.api.create(leases, { metadata: { name: "other" }, spec: {} }, { signal: world.signal });
      world.runSecondDaemon("n1", { concurrency: "3", "lock-object": "lease/other" });
    },
    twoDaemonsOn: "n1",
    // Both want the node at the same time. All nodes have gone through their cycles within the minute: each pod is one request more.
    world: {
      rights: "everything",
      options: { concurrency: "3" },
      workloads: [{ name: "web", replicas: 3 }],
    },
  },
];

function duringDrain(trouble: BrokenWorld): BrokenWorld {
  return { ...trouble, name: `${trouble.name} during a drain`, from: "drain", world: heldUp };
}

function every(ms: number, world: SmallWorld, act: () => Promise<void>): void {
  world.time.timers.setTimeout(async () => {
    if (world.signal.aborted) return;
    await act();
    every(ms, world, act);
  }, ms);
}

async function setLock({ api, signal }: SmallWorld, value: string | null): Promise<void> {
  const annotations = { "rebootd.dev/lock": value };
  await api.patch(`${leases}/rebootd`, { metadata: { annotations } }, { signal });
}

async function removeRecords({ api, signal, machines }: SmallWorld): Promise<void> {
  const annotations = { [contract.cycle.key]: null };
  for (const { name } of machines) {
    await api.patch(`/api/v1/nodes/${name}`, { metadata: { annotations } }, { signal });
  }
}

/** Those that are open would go on as if nothing were. */
function cutWatches({ server }: SmallWorld): void {
  server.cutWatches();
}

/** Watches open as they should, and then show this in place of what they would. */
function withWatches(chunks: (signal: AbortSignal) => AsyncIterable<string>) {
  return (_: string, transport: Transport): Transport =>
    async (request) => {
      if (!request.path.includes("watch=true")) return await transport(request);
      const response: ApiResponse = {
        status: 200,
        header: () => undefined,
        chunks: () => chunks(request.signal),
      };
      return response;
    };
}

async function* endAtOnce(): AsyncIterable<string> {}

async function* sayNothing(signal: AbortSignal): AsyncIterable<string> {
  await new Promise((_, reject) =>
    signal.addEventListener("abort", () => reject(signal.reason), { once: true }),
  );
}

/** As a webhook does that lets nobody cordon a Node. */
async function refuseCordons({ api, signal }: SmallWorld): Promise<void> {
  const metadata = { name: "no-cordons" };
  const rule = { apiGroups: [""], apiVersions: ["*"], operations: ["UPDATE"], resources: ["nodes"] };
  const validation = {
    expression: "!has(object.spec.unschedulable) || !object.spec.unschedulable",
    message: "this Node may not be cordoned",
    reason: "Forbidden",
  };
  const policy = {
    failurePolicy: "Fail",
    matchConstraints: { resourceRules: [rule] },
    validations: [validation],
  };
  const binding = { policyName: metadata.name, validationActions: ["Deny"] };
  await api.create(`${admission}/validatingadmissionpolicies`, { metadata, spec: policy }, { signal });
  await api.create(`${admission}/validatingadmissionpolicybindings`, { metadata, spec: binding }, { signal });
}
