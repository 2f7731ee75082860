import type { Budget, Node, Pod } from "../../daemon/cluster/objects.ts";
import {
  type DrainPlan,
  type PodPlan,
  type PreflightFacts,
  planDrain,
} from "../../daemon/drain/preflight.ts";

export const noon = Date.parse("2026-11-24T12:00:00Z");
const time = (secondsFromNow: number) => new Date(noon + secondsFromNow * 1000).toISOString();

/** Such as `{ apiVersion: "postgresql.cnpg.io/v1", kind: "Cluster", name: "pg" }`. */
export interface Owner {
  apiVersion: string;
  kind: string;
  name: string;
}

const controller = (owner: Owner) => ({ ...owner, uid: "o1", controller: true });

export interface PodFacts {
  name?: string;
  namespace?: string;
  app?: string;
  /** Its controller; a ReplicaSet unless it is said to have none. */
  ownedBy?: "ReplicaSet" | "DaemonSet" | "nobody";
  /** Its controller, where that is of another API group. */
  operator?: Owner;
  phase?: string;
  ready?: boolean;
  grace?: number;
  /** When its grace ends, in seconds from now. */
  endsIn?: number;
  annotations?: Record<string, string>;
  startedAgo?: number;
  priority?: string;
  spec?: object;
}

/** A pod of the app cart that runs, is Ready and has a ReplicaSet, in what is not said. */
export function pod(facts: PodFacts = {}): Pod {
  const { name = "p", namespace = "shop", app = "cart", ownedBy = "ReplicaSet", phase = "Running" } = facts;
  const { ready = true, grace, endsIn, annotations, startedAgo = 3600, priority } = facts;
  const owner = controller({ apiVersion: "apps/v1", kind: ownedBy, name: "owner", ...facts.operator });
  return {
    metadata: {
      name,
      namespace,
      labels: { app },
      ...(ownedBy !== "nobody" && { ownerReferences: [owner] }),
      ...(endsIn !== undefined && { deletionTimestamp: time(endsIn) }),
      ...(annotations && { annotations }),
    },
    spec: {
      containers: [],
      ...(grace !== undefined && { terminationGracePeriodSeconds: grace }),
      ...(priority && { priorityClassName: priority }),
      ...facts.spec,
    },
    status: {
      phase,
      startTime: time(-startedAgo),
      conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
    },
  };
}

interface BudgetFacts {
  name?: string;
  namespace?: string;
  labels?: Record<string, string>;
  owner?: Owner;
  /** Null and undefined select nothing. */
  selector?: object | null | undefined;
  spec?: object;
  status?: object;
}

/** A budget for the app cart that lets one of four go, in what is not said. */
export function budget(facts: BudgetFacts = {}): Budget {
  const { name = "cart", namespace = "shop" } = facts;
  const selector = "selector" in facts ? facts.selector : { matchLabels: { app: "cart" } };
  const numbers = { disruptionsAllowed: 1, currentHealthy: 4, desiredHealthy: 3, expectedPods: 4 };
  return {
    metadata: {
      name,
      namespace,
      generation: 1,
      ...(facts.labels && { labels: facts.labels }),
      ...(facts.owner && { ownerReferences: [controller(facts.owner)] }),
    },
    spec: { ...(selector !== undefined && { selector }), ...(facts.spec ?? { maxUnavailable: 1 }) },
    status: { observedGeneration: 1, ...numbers, ...facts.status },
  } as Budget;
}

interface NodeFacts {
  name?: string;
  ready?: boolean;
  cordoned?: boolean;
  labels?: Record<string, string>;
  taints?: object[];
  room?: Record<string, string>;
}

/** A node that is Ready and has room, in what is not said. */
export function node(facts: NodeFacts = {}): Node {
  const { name = "n2", ready = true, cordoned = false, labels = {}, taints = [], room } = facts;
  return {
    metadata: { name, labels },
    spec: { ...(cordoned && { unschedulable: true }), taints: taints as never },
    status: {
      allocatable: { cpu: "4", memory: "8Gi", pods: "110", ...room },
      conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
    },
  } as Node;
}

export const deletesAtOnce: PreflightFacts["escalation"] = {
  drainTimeoutMs: 900_000,
  drainDeleteAfterMs: 0,
  rebootAnyway: false,
};

export type Facts = Partial<PreflightFacts>;

/** The plan of a drain of n1 as the options are without further words, its DaemonSets being there. */
export function plan(pods: readonly Pod[], facts: Facts = {}): DrainPlan {
  return planDrain(factsOf(pods, facts));
}

export function factsOf(pods: readonly Pod[], facts: Facts = {}): PreflightFacts {
  return {
    nodeName: "n1",
    pods,
    budgets: [],
    daemonSetExists: () => true,
    selection: {
      deleteEmptyDirData: true,
      force: true,
      skipNamespaces: [],
      skipWaitForDeleteMs: 0,
      rebootAnyway: false,
    },
    gracePeriodSeconds: -1,
    escalation: { ...deletesAtOnce, drainDeleteAfterMs: Number.POSITIVE_INFINITY },
    now: noon,
    ...facts,
  };
}

export function planOf(one: Pod, facts: Facts = {}): PodPlan {
  const [found] = plan([one], facts).pods;
  if (found === undefined) throw new Error("the plan has lost the pod");
  return found;
}

/** What the plan has to say about a pod, such as "budget-never!"; the mark is on what blocks. */
export function findings(one: Pod, facts: Facts = {}): string {
  return planOf(one, facts)
    .findings.map(({ code, blocks }) => `${code}${blocks ? "!" : ""}`)
    .join(" ");
}

export function messages(one: Pod, facts: Facts = {}): string {
  return planOf(one, facts)
    .findings.map(({ message }) => message)
    .join("; ");
}
