/** What the promises read from the objects, with eyes of their own: an error in the daemon's reading is not repeated here. */
import { type Phase, phases } from "../../daemon/cycle/record.ts";
import { at, fields, type KubeObject, list, text } from "../kubernetes/api/object.ts";

export const requestedAnnotation = "rebootd.dev/reboot-requested";
/** The label that other programs write in storms with `--request-label`. */
export const requestLabel = "janitor.example/reboot";

export interface Entry {
  nodeID: string;
  nodeUID?: string;
  created?: string;
  concurrency?: number;
}

export interface RecordOnNode {
  phase?: Phase;
  since?: string;
  failures?: number;
  bootID?: string;
  softReboots?: number;
  cordoned?: boolean;
  announced?: boolean;
  reboots?: number;
  slowGraceSeconds?: number;
  optOutsSince?: string;
  request?: string;
  askedAt?: string;
  reasons?: { gate: string; code: string; message: string }[];
  outcome?: { result: string; message: string };
}

/** As much of an object as the annotations are in. */
interface Annotated {
  metadata: { annotations?: Readonly<Record<string, string>> | undefined };
}

export function daemonIn(user: string): string | undefined {
  return /^rebootd:(.+)$/.exec(user)?.[1];
}

export function isCordoned(node: KubeObject | undefined): boolean {
  return at(node, "spec", "unschedulable") === true;
}

export function isAnnotated(object: KubeObject | undefined, key: string): boolean {
  return object?.metadata.annotations?.[key] !== undefined;
}

/** Whether its annotation or its label requests a reboot. */
export function isRequested(object: KubeObject | undefined): boolean {
  return isAnnotated(object, requestedAnnotation) || object?.metadata.labels?.[requestLabel] !== undefined;
}

/** Whether options in storms name it: of a label, or of the soft taint. */
export function isMark(key: string): boolean {
  return key.startsWith("test/") || key.includes("exclude-from");
}

/** Whether others keep pods off it by a taint until it is ready for them. */
export function isKeptOff(node: KubeObject | undefined): boolean {
  const keys = list(at(node, "spec", "taints")).map((taint) => text(at(taint, "key")));
  return keys.some((key) => readinessKey.test(key));
}

const readinessKey =
  /^(readiness\.k8s\.io|startup-taint\..*)\/|\/((agent|critical-components|)-?not-ready|uninitialized|unregistered|network-unavailable)$/;

export function isReady(node: KubeObject | undefined): boolean {
  return list(at(node, "status", "conditions")).some(
    (condition) => at(condition, "type") === "Ready" && at(condition, "status") === "True",
  );
}

/** Of what somebody has forged no more than can be understood. */
export function recordIn(node: Annotated | undefined): RecordOnNode {
  const { phase, reasons, ...others } = fields(parsed(node?.metadata.annotations?.["rebootd.dev/cycle"]));
  return {
    ...others,
    ...(phases.includes(phase as Phase) && { phase: phase as Phase }),
    reasons: list(reasons) as { gate: string; code: string; message: string }[],
  };
}

/** Undefined where it is no JSON, null where there is none. */
export function parsed(value: string | undefined): unknown {
  try {
    return JSON.parse(value ?? "null");
  } catch {
    return undefined;
  }
}

/** rebootd's own, and kured's. */
const lockAnnotations = ["rebootd.dev/lock", "weave.works/kured-node-lock"];

/** The value of the lock on a lock object. */
export function lockIn(lockObject: KubeObject | undefined): string | undefined {
  const annotations = lockObject?.metadata.annotations ?? {};
  return lockAnnotations.map((name) => annotations[name]).find((value) => value !== undefined);
}

/** How many nodes have failed in a row, with their reboot or before it; more than any limit where that cannot be read. */
export function failuresIn(lease: KubeObject | undefined): { reboots: number; drains: number } {
  const failures = parsed(lease?.metadata.annotations?.["rebootd.dev/failures"] ?? "[]");
  if (!Array.isArray(failures)) return { reboots: Number.MAX_VALUE, drains: Number.MAX_VALUE };
  const drains = failures.filter((one) => at(one, "during") === "drain").length;
  return { reboots: failures.length - drains, drains };
}

/** Nodes whose slots people have taken away. */
export function unlockedIn(lockObject: KubeObject | undefined): readonly string[] {
  return list(parsed(lockObject?.metadata.annotations?.["rebootd.dev/unlocked"])).map((one) =>
    String(at(one, "node")),
  );
}

export function isUnreadable(lockObject: KubeObject | undefined): boolean {
  return parsed(lockIn(lockObject) ?? "{}") === undefined;
}

/** Entries of the lock, of daemons and of people; none where it cannot be read. */
export function entriesIn(lockObject: KubeObject | undefined): Entry[] {
  return entriesOf(lockIn(lockObject));
}

/** The same, from the value of the annotation. */
export function entriesOf(lock: string | undefined): Entry[] {
  const value = fields(parsed(lock));
  const entries = Array.isArray(value["locks"]) ? value["locks"] : [value];
  return entries.filter((entry): entry is Entry => typeof at(entry, "nodeID") === "string");
}

/** Anybody who may write the lock can name a node in it twice: the last entry counts. */
export function ofEachNode(entries: readonly Entry[]): readonly Entry[] {
  return [...new Map(entries.map((entry) => [entry.nodeID, entry])).values()];
}

/** People write no `created`. */
export function isHolder({ created }: Entry): boolean {
  return created !== undefined;
}

/** The request asks for a reboot at any time. */
export function isUrgent(node: KubeObject | undefined): boolean {
  return node?.metadata.annotations?.[requestedAnnotation]?.startsWith("urgent") === true;
}

/** From the request to the machine until the node is back. */
export function isDownIn({ phase }: RecordOnNode): boolean {
  return phase === "Rebooting" || phase === "Returning";
}

/** The same for all pods of one controller; a pod without a controller is made by nobody anew. */
export function controllerUid({ metadata: { ownerReferences, uid } }: KubeObject): string {
  return String(ownerReferences?.find(({ controller }) => controller)?.["uid"] ?? uid);
}
