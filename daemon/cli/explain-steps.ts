import { isReady } from "../cluster/nodes.ts";
import { misreadOn } from "../cycle/misread.ts";
import type { CycleRecord } from "../cycle/record.ts";
import { nodeHolders } from "../lock/lock.ts";
import { type NodeFindings, ofTheHolders, ofTheNode, recordNow, silentSince } from "./explain-node.ts";
import type { Health } from "./health.ts";
import { type NextStep, nextSteps, type Trouble } from "./next-steps.ts";

/** Pure: the commands for the next step of a person. */
export function stepsOf(findings: NodeFindings, now: number): NextStep[] {
  const { node, lockState, place, health } = findings;
  const { name = "" } = node.metadata ?? {};
  const { record } = recordNow(node, lockState, now);
  const own = health.daemons.find((pod) => pod.spec?.nodeName === name);
  const holders = nodeHolders(lockState.lock).flatMap(({ nodeID }) => (nodeID === name ? [] : [nodeID]));
  const [holder] = holders;
  const goneHolder = health.nodes.size > 0 ? holders.find((one) => !health.nodes.has(one)) : undefined;
  const facts = {
    ...{ node: name, holder, goneHolder, namespace: place.namespace, lock: `${place.kind}/${place.name}` },
    ...{ pod: own?.metadata?.name, podNamespace: own?.metadata?.namespace },
  };
  return nextSteps(facts, troublesFor(findings, record, now), record?.reasons ?? [], record?.phase);
}

/** The troubles for which there is a step, in the order of the explanation. */
function troublesFor(
  { node, lockState, health, hooks }: NodeFindings,
  record: CycleRecord | undefined,
  now: number,
): Trouble[] {
  const { name = "", annotations = {} } = node.metadata ?? {};
  const { fault } = recordNow(node, lockState, now);
  const isFailed = record?.phase === "Failed" && record.reasons.length === 0;
  const all: Record<Trouble, boolean> = {
    ...daemonTrouble(name, health),
    "daemon-silent": record !== undefined && silentSince(node, record, now) !== undefined,
    "not-ready": health.nodes.has(name) && !isReady(node),
    "holder-unwell": ofTheHolders(name, lockState, health, now).length > 0,
    "record-unreadable": fault !== undefined,
    "still-required": isFailed && record.failures === 0,
    failed: isFailed && record.failures > 0,
    "cordoned-by-others": ofTheNode(node, record).length > 0,
    misread: misreadOn(annotations, hooks).length > 0,
  };
  return (Object.keys(all) as Trouble[]).filter((trouble) => all[trouble]);
}

type DaemonTrouble = Extract<Trouble, "no-daemons" | "no-daemon-here" | `daemon-${string}`>;

function daemonTrouble(
  name: string,
  { daemons }: Health,
): Record<Exclude<DaemonTrouble, "daemon-silent">, boolean> {
  const own = daemons.filter(({ spec }) => spec?.nodeName === name);
  const isUnwell = own.length > 0 && !own.some(isReady);
  const containers = own.flatMap(({ status }) => status?.containerStatuses ?? []);
  const hasCrashed = containers.some(({ state, lastState, restartCount = 0 }) => {
    return restartCount > 0 || state?.terminated !== undefined || lastState?.terminated !== undefined;
  });
  const isRunning = own.some(({ status }) => status?.phase === "Running");
  return {
    "no-daemons": daemons.length === 0,
    "no-daemon-here": daemons.length > 0 && own.length === 0,
    "daemon-crashed": isUnwell && hasCrashed,
    "daemon-not-started": isUnwell && !hasCrashed && !isRunning,
    "daemon-not-ready": isUnwell && !hasCrashed && isRunning,
  };
}
