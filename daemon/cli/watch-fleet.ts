import { isApiError } from "../cluster/api.ts";
import { daemonSelector } from "../cluster/daemon-sets.ts";
import { type InformerOptions, runInformer, watchObject } from "../cluster/informer.ts";
import {
  keptOfNode,
  type Metadata,
  type Node,
  type PartialObjectMetadata,
  type WholeNode,
  type WholePod,
} from "../cluster/objects.ts";
import { paths } from "../cluster/paths.ts";
import { lockKinds } from "../lock/kinds.ts";
import { type LockObjectState, stateIn } from "../lock/lock-object.ts";
import { explain as withCauses } from "../report/log.ts";
import { linked } from "../time/linked.ts";
import type { Access } from "./access.ts";
import { type Fleet, keptMetadata } from "./fleet.ts";
import { type Daemon, keptOfDaemon } from "./health.ts";

export interface FleetViewer {
  onChange: (fleet: Fleet) => void;
  /**
   * A sentence as long as changes may be missed, such as while the server is away; undefined when they are
   * seen again.
   */
  onTrouble: (text: string | undefined) => void;
  /** Selects the Nodes by their labels, as kubectl's `-l` does. */
  labelSelector?: string | undefined;
  /** Selects the Nodes by their fields, for example one by its name. */
  fieldSelector?: string;
}

/** Changes that arrive within this time of each other make one call. */
export const gatherMs = 200;
/** The lists are read again after this time: a watch may be silently broken. */
const trustMs = 15 * 60_000;
/** Full Nodes have 10 to 20 KB, of which nearly all is thrown away: small pages leave less of that at a time. */
const nodesOnPageMax = 50;
/** A person looks on, and there is one of them. */
const pauses = {
  ended: { firstMs: 200, maxMs: 5000 },
  broken: { firstMs: 500, maxMs: 10_000 },
  refused: { firstMs: 2000, maxMs: 30_000 },
};

/** A Node, in the parts that are kept. */
interface KnownNode {
  metadata: Metadata;
  node: Node;
}

/** The condition Ready is the only one that a view needs; a Node has a dozen of them. */
function knownNode({ metadata, spec, status }: WholeNode, hooks: readonly string[] | undefined): KnownNode {
  const own = keptMetadata(metadata, hooks);
  const conditions = (status?.conditions ?? []).filter(({ type }) => type === "Ready");
  const { unschedulable } = spec ?? {};
  const node = keptOfNode({ ...(unschedulable && { spec: { unschedulable } }), status: { conditions } });
  return { metadata: own, node: { ...node, metadata: own } };
}

/** The parts of a fleet that have a watch each. */
const sources = ["nodes", "daemons", "lock"] as const;
type Source = (typeof sources)[number];

/**
 * Reads everything, and reports it with each change until the signal ends it. A failure before the first
 * report rejects; afterwards it is a trouble, and the watches are opened again.
 */
export async function watchFleet(access: Access, viewer: FleetViewer, signal: AbortSignal): Promise<void> {
  const watching = linked(signal);
  const failed = Promise.withResolvers<never>();
  const picture = createPicture(access, viewer.labelSelector);
  const troubles = createTroubles(viewer.onTrouble);
  const heard = (source: Source) => ({
    onChange: () => picture.changed(source),
    onOpen: () => troubles.end(source),
    onBreak(error: unknown) {
      if (!picture.isComplete()) return failed.reject(error);
      // The server forgets old versions all the time; the list is read again at once.
      if (!isApiError(error, "expired")) troubles.begin(source, withCauses(error));
    },
  });
  const runs = [
    followAll<WholeNode, KnownNode>(
      access,
      {
        ...heard("nodes"),
        collection: paths.nodes,
        pageSizeMax: nodesOnPageMax,
        query: { labelSelector: viewer.labelSelector, fieldSelector: viewer.fieldSelector },
        keep: (node) => knownNode(node, access.hooks),
        keyOf: ({ metadata }) => metadata.name ?? "",
        kept: picture.nodes,
      },
      watching.signal,
    ),
    followAll<WholePod, Daemon>(
      access,
      {
        ...heard("daemons"),
        collection: paths.pods,
        query: { labelSelector: daemonSelector },
        keep: keptOfDaemon,
        keyOf: ({ metadata }) => `${metadata?.namespace}/${metadata?.name}`,
        kept: picture.daemons,
      },
      watching.signal,
    ),
    followLock(access, { ...heard("lock"), onState: picture.locked }, watching.signal),
    report(),
  ];
  try {
    await Promise.race([Promise.all(runs), failed.promise]);
  } finally {
    watching.end();
    await Promise.allSettled(runs);
  }

  async function report(): Promise<void> {
    for (;;) {
      await picture.nextChange(watching.signal);
      if (watching.signal.aborted) return;
      const fleet = picture.fleet();
      if (fleet === undefined) continue;
      viewer.onChange(fleet);
      await access.clock.sleep(gatherMs, watching.signal).catch(() => {});
    }
  }
}

/** Everything that has been seen up to now, in the parts that are kept. */
function createPicture({ clock, place }: Access, labelSelector: string | undefined) {
  const nodes = new Map<string, KnownNode>();
  const daemons = new Map<string, Daemon>();
  const complete = new Set<Source>();
  const isComplete = () => complete.size === sources.length;
  let lockState: LockObjectState | undefined;
  let due = Promise.withResolvers<void>();

  function changed(source: Source): void {
    complete.add(source);
    due.resolve();
  }

  return {
    nodes,
    daemons,
    isComplete,
    changed,
    locked(state: LockObjectState): void {
      const isKnown = state.version !== undefined && state.version === lockState?.version;
      if (isKnown) return;
      lockState = state;
      changed("lock");
    },
    /** Resolves at the first change since the last call, or when the signal is aborted. */
    async nextChange(signal: AbortSignal): Promise<void> {
      const aborted = Promise.withResolvers<void>();
      const stop = () => aborted.resolve();
      signal.addEventListener("abort", stop, { once: true });
      if (signal.aborted) stop();
      await Promise.race([due.promise, aborted.promise]);
      signal.removeEventListener("abort", stop);
      due = Promise.withResolvers();
    },
    /** Undefined until each source has been read once. */
    fleet(): Fleet | undefined {
      if (lockState === undefined || !isComplete()) return undefined;
      const seen = [...nodes.values()];
      const health = {
        nodes: new Map(seen.map(({ metadata, node }) => [metadata.name ?? "", node])),
        daemons: [...daemons.values()],
      };
      const metadata = seen.map((one) => one.metadata);
      return { at: clock.wall(), place, lockState, nodes: metadata, health, labelSelector };
    },
  };
}

/** Reports the first of the present troubles, when it changes. */
function createTroubles(onTrouble: FleetViewer["onTrouble"]) {
  const troubles = new Map<Source, string>();
  let reported: string | undefined;

  function show(): void {
    const [text] = troubles.values();
    if (text !== reported) onTrouble(text);
    reported = text;
  }

  return {
    begin(source: Source, text: string): void {
      troubles.set(source, text);
      show();
    },
    end(source: Source): void {
      troubles.delete(source);
      show();
    },
  };
}

interface Followed<Whole, T>
  extends Pick<InformerOptions<Whole, T>, "collection" | "query" | "keep" | "onBreak"> {
  kept: Map<string, T>;
  keyOf: (object: T) => string;
  pageSizeMax?: number;
  onChange: () => void;
  onOpen: () => void;
}

/** Keeps a map in step with a collection. */
function followAll<Whole extends { metadata?: Metadata }, T>(
  { api, clock, random }: Access,
  { kept, keyOf, pageSizeMax, onChange, ...followed }: Followed<Whole, T>,
  signal: AbortSignal,
): Promise<void> {
  return runInformer<Whole, T>(
    {
      ...followed,
      ...{ api, clock, random, pauses },
      list: {
        trustMs,
        ...(pageSizeMax !== undefined && { pageSizeMax }),
        async onPages(pages) {
          const listed = new Map<string, T>();
          for await (const items of pages) for (const item of items) listed.set(keyOf(item), item);
          kept.clear();
          for (const [key, item] of listed) kept.set(key, item);
          onChange();
        },
      },
      onEvent(type, object) {
        if (type === "DELETED") kept.delete(keyOf(object));
        else kept.set(keyOf(object), object);
        onChange();
      },
    },
    signal,
  );
}

interface FollowedLock {
  onState: (state: LockObjectState) => void;
  onOpen: () => void;
  onBreak: (error: unknown) => void;
}

/**
 * Each watch of one object begins with the object as it is. It does not tell that the object is missing, so
 * that it is read at the start and after each break.
 */
async function followLock(
  { api, clock, random, place, lockObject }: Access,
  { onState, onOpen, onBreak }: FollowedLock,
  signal: AbortSignal,
): Promise<void> {
  const read = () =>
    lockObject.read(signal).then(onState, (error) => {
      if (!signal.aborted) onBreak(error);
    });
  await read();
  const watched = {
    ...{ api, clock, random, pauses, onBreak },
    collection: lockKinds[place.kind].collection(place.namespace),
    name: place.name,
    onChange: (metadata: PartialObjectMetadata["metadata"]) => onState(stateIn(metadata, place.annotation)),
    onReopened() {
      onOpen();
      void read();
    },
  };
  await watchObject(watched, signal);
}
