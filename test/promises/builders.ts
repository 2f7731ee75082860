/** A small history by hand, to break one promise in: nodes, a lock, and what a checker says of them. */
import type { KubeObject } from "../kubernetes/api/object.ts";
import type { Machine } from "../kubernetes/machines/machine.ts";
import {
  type Checker,
  createHistory,
  graceMs,
  type Look,
  type NodeHistory,
  type RecordChange,
  type WorldView,
} from "./checker.ts";
import type { Entry } from "./eyes.ts";

export const startedAt = Date.parse("2026-01-01T00:00:00Z");
export const minutes = (count: number) => count * 60_000;

export interface Stage {
  now: number;
  look: Look;
  /** Names of the promises that were broken, and forgets them. */
  broken(): string[];
  node(name: string, facts?: Partial<NodeHistory>): NodeHistory;
  holders: Set<string>;
  pauses: Map<string, number>;
  /** By `resource/key`. */
  objects: Map<string, KubeObject>;
  machines: Map<string, { bootID: string; softReboots?: number; isGoingDown?: boolean }>;
}

/** A world of an hour ago, in which all has been quiet since. */
export function stage(view: Partial<WorldView> = {}): Stage {
  const histories = new Map<string, NodeHistory>();
  const broken: string[] = [];
  const of = (name: string) => {
    const known = histories.get(name) ?? createHistory();
    histories.set(name, known);
    return known;
  };
  const made: Stage = {
    now: startedAt + minutes(60),
    broken: () => broken.splice(0),
    node: (name, facts = {}) => Object.assign(of(name), facts),
    holders: new Set(),
    pauses: new Map(),
    objects: new Map(),
    machines: new Map(),
    look: {
      view: {
        now: () => made.now,
        machine: (name) => {
          const { bootID = "boot-1", softReboots = 0, isGoingDown = false } = made.machines.get(name) ?? {};
          return {
            name,
            boots: [{ bootID, bootedAt: startedAt, softReboots }],
            isUp: true,
            isGoingDown,
          } as unknown as Machine;
        },
        stored: (resource, key) => made.objects.get(`${resource}/${key}`),
        storedAll: (resource) =>
          [...made.objects].filter(([key]) => key.startsWith(`${resource}/`)).map(([, object]) => object),
        locksOf: () => ["kube-system/rebootd"],
        daemonsOf: () => 1,
        latenessMs: () => 0,
        disturbedMs: () => 0,
        awayMs: () => 0,
        haltAfterOf: () => ({ reboots: 3, drains: 3 }),
        drainTimeoutMs: () => minutes(15),
        leastDrainTimeoutMs: () => minutes(15),
        failuresMaxOf: () => 3,
        isWindowOpen: () => true,
        isPreflightOn: () => true,
        optOutsOf: () => "unasked",
        ...view,
      },
      of,
      names: () => [...histories.keys()],
      isRecent: (_, time, withinMs = graceMs) => made.now - time <= withinMs,
      holds: (name) => made.holders.has(name),
      allPausedSince: (lock) => made.pauses.get(lock),
      violate: (promise) => void broken.push(promise),
    },
  };
  return made;
}

/** An object as the server stores it, made at the start. */
export function object(name: string, rest: object = {}, metadata: object = {}): KubeObject {
  return {
    metadata: {
      name,
      uid: `uid-of-${name}`,
      resourceVersion: "1",
      creationTimestamp: new Date(startedAt).toISOString(),
      ...metadata,
    },
    ...rest,
  };
}

/** A Node with this record. */
export function nodeObject(
  name: string,
  { cordoned = false, record, ready, bootID, ...metadata }: NodeFacts = {},
): KubeObject {
  const annotations = {
    ...(record && { "rebootd.dev/cycle": JSON.stringify(record) }),
    ...metadata.annotations,
  };
  const conditions = [{ type: "Ready", status: ready === false ? "False" : "True" }];
  const status = { conditions, nodeInfo: { bootID } };
  return object(
    name,
    { spec: { unschedulable: cordoned || undefined }, status },
    { ...metadata, annotations },
  );
}

interface NodeFacts {
  cordoned?: boolean;
  record?: object;
  ready?: boolean;
  bootID?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

export const holder = (nodeID: string, facts: Partial<Entry> = {}): Entry => ({
  nodeID,
  created: new Date(startedAt).toISOString(),
  concurrency: 1,
  ...facts,
});
export const manual = (nodeID: string): Entry => ({ nodeID });

export function lockObject(value: unknown, annotations: Record<string, string> = {}): KubeObject {
  const lock = typeof value === "string" ? value : JSON.stringify(value);
  return object("rebootd", {}, { annotations: { "rebootd.dev/lock": lock, ...annotations } });
}

/** The daemon of n1 writes this record where that was. */
export function record(
  before: RecordChange["before"],
  after: RecordChange["after"],
  more: Partial<RecordChange> = {},
): RecordChange {
  return { name: "n1", before, found: before, after, isCordoned: true, isForged: false, ...more };
}

/** n1 enters a lock that was free. */
export function entering(more: Partial<Parameters<Required<Checker>["onEntered"]>[0]> = {}) {
  const after = [holder("n1")];
  const free = { writer: "n1", name: "n1", isReturn: false, before: [], previous: undefined, slots: 1 };
  return { ...free, after, ...more };
}
