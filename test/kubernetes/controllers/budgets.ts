import type { Clock } from "../../../daemon/time/clock.ts";
import type { Informers } from "./informers.ts";
import {
  controllerOf,
  isDeleted,
  isFinished,
  isReady,
  keyOf,
  pathOf,
  type StoredBudget,
  type StoredDeployment,
  type StoredPod,
  type StoredReplicaSet,
  timeText,
  withConditions,
} from "./objects.ts";
import type { Ports } from "./ports.ts";
import { createQueue } from "./queue.ts";
import { selects } from "./selectors.ts";

/** An eviction that was granted but led to no deletion within this time is given back. */
const disruptionExpiryMs = 2 * 60_000;

/**
 * Works out how many evictions a PodDisruptionBudget grants. The server takes one off for each eviction and notes
 * the pod in `disruptedPods`; it grants nothing while `observedGeneration` is behind.
 */
export async function runBudgets(ports: Ports, informers: Informers): Promise<void> {
  const { api, clock, signal } = ports;
  const budgets = informers.of<StoredBudget>("poddisruptionbudgets");
  const pods = informers.of<StoredPod>("pods");
  const sets = informers.of<StoredReplicaSet>("replicasets");
  const deployments = informers.of<StoredDeployment>("deployments");
  const queue = createQueue(ports, reconcile);
  await Promise.all([budgets.synced, pods.synced, sets.synced, deployments.synced]);
  budgets.onChange(({ key }) => queue.add(key));
  pods.onChange(({ now, before }) => {
    const pod = now ?? before;
    if (pod !== undefined) lookAtBudgetsOf(pod);
  });
  const lookAtAll = ({ now, before }: { now?: Scaled; before?: Scaled }) => {
    const isRescaled = now?.spec?.replicas !== before?.spec?.replicas;
    if (isRescaled) for (const budget of budgets.all()) queue.add(keyOf(budget));
  };
  sets.onChange(lookAtAll);
  deployments.onChange(lookAtAll);
  await queue.run();

  function lookAtBudgetsOf(pod: StoredPod): void {
    for (const budget of budgets.all()) if (covers(budget, pod)) queue.add(keyOf(budget));
  }

  async function reconcile(key: string): Promise<void> {
    const budget = budgets.get(key);
    if (budget === undefined) return;
    const covered = pods.all().filter((pod) => covers(budget, pod) && !isFinished(pod));
    const disrupted = stillDisrupted(budget, covered, clock);
    for (const due of disrupted.values()) queue.addAfter(key, due - clock.wall());
    const healthy = covered.filter(
      (pod) => isReady(pod) && !isDeleted(pod) && !disrupted.has(pod.metadata.name),
    ).length;
    const { expected, desired } = wanted(budget, covered, scaleOf);
    const allowed = expected > 0 ? Math.max(0, healthy - desired) : 0;
    await write(budget, disrupted, {
      currentHealthy: healthy,
      desiredHealthy: desired,
      expectedPods: expected,
      disruptionsAllowed: allowed,
      observedGeneration: budget.metadata.generation ?? 1,
    });
  }

  /** Who asked for the pod, and for how many of them. */
  function scaleOf(pod: StoredPod): { uid: string; replicas: number } | undefined {
    const { namespace } = pod.metadata;
    const set = sets.get(`${namespace}/${controllerOf(pod)?.name}`);
    if (set === undefined || set.metadata.uid !== controllerOf(pod)?.uid) return undefined;
    const deployment = deployments.get(`${namespace}/${controllerOf(set)?.name}`);
    const asking = deployment?.metadata.uid === controllerOf(set)?.uid ? (deployment ?? set) : set;
    return { uid: asking.metadata.uid, replicas: asking.spec?.replicas ?? 1 };
  }

  async function write(
    budget: StoredBudget,
    disrupted: ReadonlyMap<string, number>,
    counts: Counts,
  ): Promise<void> {
    const status = statusAfter(budget.status, disrupted, counts, timeText(clock.wall()));
    if (status === undefined) return;
    // Under its version: evictions write here too.
    const { resourceVersion } = budget.metadata;
    const body = { metadata: { resourceVersion }, status };
    const path = `${pathOf("poddisruptionbudgets", budget)}/status`;
    budgets.enter(await api.patch<StoredBudget>(path, body, { signal }));
  }
}

type Scaled = StoredReplicaSet | StoredDeployment;

interface Counts {
  currentHealthy: number;
  desiredHealthy: number;
  expectedPods: number;
  disruptionsAllowed: number;
  observedGeneration: number;
}

function covers(budget: StoredBudget, pod: StoredPod): boolean {
  const isHere = pod.metadata.namespace === budget.metadata.namespace;
  return isHere && selects(budget.spec?.selector, pod.metadata.labels);
}

/** The status to write over this one; undefined where nothing has changed. */
function statusAfter(
  before: StoredBudget["status"],
  disrupted: ReadonlyMap<string, number>,
  counts: Counts,
  now: string,
): object | undefined {
  const over = Object.keys(before?.disruptedPods ?? {}).filter((name) => !disrupted.has(name));
  const isSame = (Object.keys(counts) as (keyof Counts)[]).every((name) => before?.[name] === counts[name]);
  if (isSame && over.length === 0) return undefined;
  const isAllowed = counts.disruptionsAllowed > 0;
  const conditions = withConditions(before?.conditions, now, {
    type: "DisruptionAllowed",
    status: isAllowed ? "True" : "False",
    reason: isAllowed ? "SufficientPods" : "InsufficientPods",
    message: "",
  });
  return {
    ...counts,
    // In a merge patch null takes the entry away.
    disruptedPods: Object.fromEntries(over.map((name) => [name, null])),
    conditions: conditions.map((condition) => ({
      ...condition,
      observedGeneration: counts.observedGeneration,
    })),
  };
}

/** Pods whose eviction was granted and whose deletion has not been seen, with the time at which that ends. */
function stillDisrupted(budget: StoredBudget, pods: readonly StoredPod[], clock: Clock): Map<string, number> {
  const result = new Map<string, number>();
  for (const [name, since] of Object.entries(budget.status?.disruptedPods ?? {})) {
    const pod = pods.find((pod) => pod.metadata.name === name);
    const due = Date.parse(since) + disruptionExpiryMs;
    if (pod !== undefined && !isDeleted(pod) && due > clock.wall()) result.set(name, due);
  }
  return result;
}

/**
 * https://kubernetes.io/docs/tasks/run-application/configure-pdb/: with a number in `minAvailable` the pods are
 * counted, else it is what their controllers ask for; percentages are rounded up.
 */
function wanted(
  budget: StoredBudget,
  pods: readonly StoredPod[],
  scaleOf: (pod: StoredPod) => { uid: string; replicas: number } | undefined,
): { expected: number; desired: number } {
  const { minAvailable, maxUnavailable } = budget.spec ?? {};
  if (maxUnavailable === undefined && typeof minAvailable === "number") {
    return { expected: pods.length, desired: minAvailable };
  }
  const scales = new Map<string, number>();
  for (const pod of pods) {
    const scale = scaleOf(pod);
    if (scale !== undefined) scales.set(scale.uid, scale.replicas);
  }
  const expected = [...scales.values()].reduce((total, replicas) => total + replicas, 0);
  const desired =
    maxUnavailable === undefined
      ? portion(minAvailable ?? 0, expected)
      : Math.max(0, expected - portion(maxUnavailable, expected));
  return { expected, desired };
}

function portion(value: number | string | object, of: number): number {
  const text = String(value);
  return text.endsWith("%") ? Math.ceil((Number(text.slice(0, -1)) * of) / 100) : Number(text);
}
