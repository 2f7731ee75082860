import type { HaltAfter } from "../../lock/failures.ts";
import type { Concurrency } from "../../lock/limits.ts";
import type { LockPlace } from "../../lock/lock-object.ts";
import { exclusiveOptions, missingOption } from "../../text/config-error.ts";
import { lockKinds } from "../lock-kinds.ts";
import type { OptionTable, ValuesOf } from "../option.ts";
import { concurrency, duration, integer, lockObject, metadataKey, objectName } from "../values.ts";

/** The options that say where the lock is; commands for people have them too. */
export const placeOptions = {
  namespace: {
    type: objectName,
    default: "kube-system",
    needsRestart: true,
    placeholder: "NAME",
    short: "n",
    help: "Namespace of the lock object",
  },
  "lock-object": {
    type: lockObject,
    needsRestart: true,
    placeholder: "KIND/NAME",
    help: "The object that carries the lock: lease/NAME in --namespace, or daemonset/NAME in --ds-namespace; by default lease/rebootd",
  },
  "ds-name": {
    type: objectName,
    needsRestart: true,
    placeholder: "NAME",
    help: "As in kured: --lock-object=daemonset/NAME",
  },
  "ds-namespace": {
    type: objectName,
    default: "kube-system",
    needsRestart: true,
    placeholder: "NAME",
    help: "Namespace of that DaemonSet",
  },
  "lock-annotation": {
    type: metadataKey("example.com/lock"),
    needsRestart: true,
    placeholder: "KEY",
    help: "Annotation that is the lock; by default rebootd.dev/lock on a Lease and weave.works/kured-node-lock on a DaemonSet",
  },
} as const satisfies OptionTable;

/** The lock keeps so many failures of a kind at most. */
const haltAfterMax = 20;

export const lockOptions = {
  ...placeOptions,
  "lock-ttl": {
    type: duration(),
    default: "0",
    placeholder: "DURATION",
    help: "Others may take over the slot after this time, whatever its holder is doing; 0 is never, which is safe",
  },
  "lock-release-delay": {
    type: duration(),
    default: "0",
    placeholder: "DURATION",
    help: "Keep the lock this long after the uncordon",
  },
  "min-interval": {
    type: duration({ minMs: 1000 }),
    placeholder: "DURATION",
    help: "Least time between two reboots in the cluster: from the return of one node to the start of the next, and between two starts",
  },
  concurrency: {
    type: concurrency,
    default: "1",
    placeholder: "NUMBER|PERCENT",
    help: "How many nodes may be down at a time: a number, or a percentage of all nodes, rounded down, at least 1",
  },
  "max-per-zone": {
    type: integer({ min: 1, max: 10_000 }),
    placeholder: "NUMBER",
    help: "How many of those may be in one zone (topology.kubernetes.io/zone)",
  },
  "max-per-pool": {
    type: integer({ min: 1, max: 10_000 }),
    placeholder: "NUMBER",
    help: "How many of those may be in one pool of nodes; requires --pool-label",
  },
  "pool-label": {
    type: metadataKey("example.com/pool"),
    placeholder: "KEY",
    help: "The label whose value names a node's pool",
  },
  "max-unavailable": {
    type: concurrency,
    placeholder: "NUMBER|PERCENT",
    help: "How many nodes may be unavailable at a time, this one among them: not Ready, cordoned by anybody or in the lock; a percentage as above",
  },
  "halt-after-failures": {
    type: integer({ min: 0, max: haltAfterMax }),
    default: "3",
    placeholder: "NUMBER",
    help: "After so many different nodes whose reboot failed in a row none starts until rebootd resume --all; 0 is never",
  },
  "halt-after-failed-drains": {
    type: integer({ min: 0, max: haltAfterMax }),
    default: "0",
    placeholder: "NUMBER",
    help: "The same after so many nodes that failed before their reboot was requested, as their drain did; 0 is never: anybody who may run pods can make drains fail",
  },
} as const satisfies OptionTable;

export interface LockSettings {
  place: LockPlace;
  concurrency: Concurrency;
  maxPerZone: number | undefined;
  maxPerPool: number | undefined;
  poolLabel: string | undefined;
  maxUnavailable: Concurrency | undefined;
  minIntervalMs: number | undefined;
  haltAfter: HaltAfter;
  /** 0 is never. */
  ttlMs: number;
  releaseDelayMs: number;
}

/** Throws a ConfigError where two options name different places. */
export function lockPlace(given: ValuesOf<typeof placeOptions>): LockPlace {
  const object = given["lock-object"];
  const daemonSet = given["ds-name"];
  if (object !== undefined && daemonSet !== undefined) throw exclusiveOptions("--ds-name", "--lock-object");
  const { kind, name } =
    daemonSet === undefined
      ? (object ?? ({ kind: "lease", name: "rebootd" } as const))
      : ({ kind: "daemonset", name: daemonSet } as const);
  const defaults = lockKinds[kind];
  return {
    kind,
    name,
    namespace: given[defaults.namespace],
    annotation: given["lock-annotation"] ?? defaults.annotation,
  };
}

export function lockSettings(given: ValuesOf<typeof lockOptions>): LockSettings {
  if (given["max-per-pool"] !== undefined && given["pool-label"] === undefined) {
    throw missingOption("max-per-pool", "pool-label");
  }
  return {
    place: lockPlace(given),
    concurrency: given.concurrency,
    maxPerZone: given["max-per-zone"],
    maxPerPool: given["max-per-pool"],
    poolLabel: given["pool-label"],
    maxUnavailable: given["max-unavailable"],
    minIntervalMs: given["min-interval"],
    haltAfter: { reboots: given["halt-after-failures"], drains: given["halt-after-failed-drains"] },
    ttlMs: given["lock-ttl"],
    releaseDelayMs: given["lock-release-delay"],
  };
}
