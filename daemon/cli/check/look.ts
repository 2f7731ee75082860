/** Reads what the items look at. Each part is read once, when the first item asks for it. */
import { contract } from "../../annotations/names.ts";
import type { Api } from "../../cluster/api.ts";
import { daemonSelector } from "../../cluster/daemon-sets.ts";
import type { DaemonSet, WholeNode } from "../../cluster/objects.ts";
import { listAll } from "../../cluster/pages.ts";
import { type Kept, kept } from "../../cluster/parts.ts";
import { paths } from "../../cluster/paths.ts";
import type { HttpSend } from "../../http/send.ts";
import type { LockObjectState } from "../../lock/lock-object.ts";
import type { Clock } from "../../time/clock.ts";
import type { Access } from "../access.ts";
import { CommandRefused } from "../admin.ts";
import { type Daemon, listDaemons } from "../health.ts";
import { type Installed, installedBy } from "../installed.ts";
import { withConfigFile } from "../installed-file.ts";

const partsOfNode = {
  metadata: { name: true, labels: true },
  spec: { taints: true, unschedulable: true },
  status: {
    nodeInfo: { osImage: true, operatingSystem: true, kubeletVersion: true, bootID: true },
    conditions: { type: true, status: true, lastTransitionTime: true },
  },
} as const;

/** The parts of a Node that are looked at; a cluster may have 5,000 of them. */
export type LookedNode = Kept<WholeNode, typeof partsOfNode> & {
  /** The record as the Node carries it. */
  record: string | undefined;
  /** The keys of all its annotations. */
  annotations: readonly string[];
};

export function lookedNode(node: WholeNode): LookedNode {
  const annotations = node.metadata?.annotations ?? {};
  const record = annotations[contract.cycle.key];
  return { ...kept(node, partsOfNode), record, annotations: Object.keys(annotations) };
}

/** The parts of a cluster that the items look at. Each rejects with an ApiError, as often as it is asked for. */
export interface Look {
  api: Api;
  clock: Clock;
  signal: AbortSignal;
  /** Asks a server that is not in the cluster. */
  send: HttpSend;
  /** The version of the API server. */
  version(): Promise<{ gitVersion: string; major: string; minor: string }>;
  nodes(): Promise<readonly LookedNode[]>;
  /** DaemonSets of rebootd, in all namespaces. */
  daemonSets(): Promise<readonly DaemonSet[]>;
  /** Their options; without those with arguments that no daemon starts with. */
  installed(): Promise<readonly Installed[]>;
  daemons(): Promise<readonly Daemon[]>;
  /** The place of the lock, and warnings on it. Rejects with CommandRefused where it is not clear. */
  access(): Promise<{ access: Access; warnings: readonly string[] }>;
  lockState(): Promise<LockObjectState>;
}

export interface LookOptions {
  api: Api;
  clock: Clock;
  signal: AbortSignal;
  send: HttpSend;
  /** Finds the lock; `warn` is called with what is doubtful. */
  openAccess: (warn: (text: string) => void) => Promise<Access>;
}

export function createLook({ api, clock, signal, send, openAccess }: LookOptions): Look {
  const look: Look = {
    api,
    clock,
    signal,
    send,
    version: once(() => api.get(paths.version, { signal })),
    nodes: once(() => listAll<WholeNode, LookedNode>(api, paths.nodes, { signal }, lookedNode)),
    daemonSets: once(() =>
      listAll<DaemonSet>(api, paths.allDaemonSets, { signal, query: { labelSelector: daemonSelector } }),
    ),
    installed: once(async () => {
      const found = (await look.daemonSets()).flatMap(readable);
      return await Promise.all(found.map((one) => withConfigFile(api, one, signal)));
    }),
    daemons: once(() => listDaemons(api, signal)),
    access: once(async () => {
      const warnings: string[] = [];
      const access = await openAccess((text) => warnings.push(text));
      return { access, warnings };
    }),
    lockState: once(async () => (await look.access()).access.lockObject.read(signal)),
  };
  return look;
}

/** Another item names the ones that are not. */
function readable(daemonSet: DaemonSet): Installed[] {
  try {
    return installedBy(daemonSet);
  } catch (error) {
    if (error instanceof CommandRefused) return [];
    throw error;
  }
}

function once<T>(read: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= read();
    return answer;
  };
}
