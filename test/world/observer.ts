import { startInformer } from "../kubernetes/controllers/informer.ts";
import {
  collection,
  conditionOf,
  controllerOf,
  isDeleted,
  isFinished,
  isReady,
  keyOf,
  type StoredLease,
  type StoredNode,
  type StoredPod,
} from "../kubernetes/controllers/objects.ts";
import type { Ports } from "../kubernetes/controllers/ports.ts";
import type { MachineEvent } from "../kubernetes/machines/machine.ts";
import { recordIn } from "../promises/eyes.ts";
import type { Fact } from "./fact.ts";
import { judge, type Report, type Rules } from "./judge.ts";
import type { LockPlace } from "./lock-place.ts";

export interface Observer {
  /** Resolves when everything that is there has been seen. */
  synced: Promise<void>;
  /** Rejects if it has missed something for good. */
  done: Promise<void>;
  onMachineEvent(event: MachineEvent): void;
  /** Everything seen so far, in the order in which it came. */
  facts(): readonly Fact[];
  /** Called with each fact as it comes. */
  onFact(handler: (fact: Fact) => void): void;
  /** Waits for what was asked of the server meanwhile. */
  settle(): Promise<void>;
  report(rules: Rules): Report;
}

type FactBody = Fact extends infer F ? (F extends Fact ? Omit<F, "at"> : never) : never;

/** Watches nodes, pods and the lock, and writes down what it sees. */
export function startObserver(ports: Ports, lock: LockPlace): Observer {
  const { api, clock, signal } = ports;
  const facts: Fact[] = [];
  const handlers: ((fact: Fact) => void)[] = [];
  const questions: Promise<void>[] = [];
  let newest = 0;

  const nodes = startInformer<StoredNode>(ports, { collection: collection("nodes") });
  const pods = startInformer<StoredPod>(ports, { collection: collection("pods") });
  const locks = startInformer<StoredLease>(ports, {
    collection: collection("leases", lock.namespace),
    fieldSelector: `metadata.name=${lock.name}`,
  });

  function note(fact: FactBody): void {
    newest = Math.max(newest, fact.version);
    const whole = { at: clock.wall(), ...fact } as Fact;
    facts.push(whole);
    for (const handler of handlers) handler(whole);
  }

  nodes.onChange(({ key, now }) => {
    if (now === undefined) note({ kind: "node-gone", version: newest, name: key });
    else note(nodeFact(now));
  });

  pods.onChange(({ key, now, before }) => {
    const pod = now ?? before;
    const node = pod?.spec?.nodeName;
    const isNews = now === undefined ? before !== undefined && !isDeleted(before) : isDeleted(now);
    if (pod === undefined || node === undefined || !isNews || (before !== undefined && isDeleted(before)))
      return;
    // Evictions, and Kubernetes' own removals, are marked:
    // https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions
    if (isFinished(pod) || conditionOf(pod, "DisruptionTarget")?.status === "True") return;
    if (isOfNode(pod)) return;
    note({ kind: "pod-deleted", version: Number(pod.metadata.resourceVersion), pod: key, node });
  });

  locks.onChange(({ now }) => {
    const version = now === undefined ? newest : Number(now.metadata.resourceVersion);
    note({ kind: "lock", version, value: now?.metadata.annotations?.[lock.annotation] });
  });

  /** Asked at once, from the server itself: the machine is down, so nothing ends these pods any more. */
  async function askForKilledPods(node: string): Promise<void> {
    const query = { fieldSelector: `spec.nodeName=${node}` };
    const { items } = await api.list<StoredPod>(collection("pods"), { signal, query });
    for (const pod of items) {
      if (pod.status?.phase !== "Running" || isOfNode(pod) || hasHadItsGrace(pod, clock.wall())) continue;
      note({ kind: "pod-killed", version: newest, pod: keyOf(pod), node, wasStopping: isDeleted(pod) });
    }
  }

  const running = Promise.all([nodes.done, pods.done, locks.done]);
  const failed = Promise.withResolvers<never>();
  return {
    synced: Promise.all([nodes.synced, pods.synced, locks.synced]).then(() => {}),
    done: Promise.race([running.then(() => {}), failed.promise]),
    onMachineEvent: (event) => {
      const { machine: name, at } = event;
      if (event.type === "sentinel") {
        note({ kind: "sentinel", version: newest, name, isPresent: event.present });
      }
      if (event.type !== "down") return;
      const { bootID, cause } = event;
      note({ kind: "down", version: newest, name, bootID, cause, ...{ at } });
      if (cause === "command") {
        const question = askForKilledPods(name).catch((error: unknown) => {
          if (!signal.aborted) failed.reject(error);
        });
        questions.push(question);
      }
    },
    facts: () => facts,
    onFact: (handler) => void handlers.push(handler),
    settle: async () => void (await Promise.all(questions)),
    report: (rules) => judge(facts, rules),
  };
}

function nodeFact(node: StoredNode): FactBody {
  const { name, resourceVersion, labels = {} } = node.metadata;
  const record = recordIn(node);
  return {
    kind: "node",
    version: Number(resourceVersion),
    name,
    isReady: isReady(node),
    isCordoned: node.spec?.unschedulable === true,
    isCordonOurs: record.cordoned === true,
    phase: record.phase,
    reasons: (record.reasons ?? []).map(({ message }) => message),
    bootID: node.status?.nodeInfo?.bootID,
    taints: (node.spec?.taints ?? [])
      .map((taint) => `${taint.key}=${taint.value ?? ""}:${taint.effect}`)
      .filter((taint) => !/^node\.kubernetes\.io\/(not-ready|unreachable)=/.test(taint)),
    labels: Object.fromEntries(Object.entries(labels).filter(([name]) => !name.startsWith(copiedLabels))),
  };
}

/** A controller of every cluster sets them, whenever it comes to it. */
const copiedLabels = "beta.kubernetes.io/";

/** DaemonSets' pods and mirror pods live and die with their node. */
function isOfNode(pod: StoredPod): boolean {
  const isMirror = pod.metadata.annotations?.["kubernetes.io/config.mirror"] !== undefined;
  return isMirror || controllerOf(pod)?.kind === "DaemonSet";
}

function hasHadItsGrace(pod: StoredPod, now: number): boolean {
  const { deletionTimestamp } = pod.metadata;
  return deletionTimestamp !== undefined && Date.parse(deletionTimestamp) < now;
}
