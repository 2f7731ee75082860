import { type Api, unlessNotFound } from "../cluster/api.ts";
import { isReady, listByLabel } from "../cluster/nodes.ts";
import type { WholeNode, WholePod } from "../cluster/objects.ts";
import { listAll } from "../cluster/pages.ts";
import { paths } from "../cluster/paths.ts";
import { isCriticalStaticPod, isStaticPodDown } from "../cluster/static-pods.ts";
import { podKey } from "../drain/select.ts";
import type { Clock } from "../time/clock.ts";
import { type ControlPlane, controlPlaneLabels, isOfControlPlane } from "./limits.ts";
import type { Holder } from "./lock.ts";
import { createLook, freshMs } from "./look.ts";

/**
 * The static pods of other control-plane nodes that are down: a member of etcd may be down although its
 * kubelet is Ready.
 */
export interface StaticPods {
  /** Lists them now, as "namespace/name". */
  now(nodes: readonly string[], signal: AbortSignal): Promise<readonly string[]>;
  /** The answer for a node that waits: undefined if it is not yet its turn and none was down before. */
  enough(
    nodes: readonly string[],
    turn: boolean,
    signal: AbortSignal,
  ): Promise<readonly string[] | undefined>;
}

export interface StaticPodsOptions {
  api: Api;
  clock: Clock;
  /** Pods that are in the way are listed again after so many milliseconds for each node. */
  recheckMs: number;
}

type Members = Awaited<ReturnType<typeof listByLabel>>;

/** The Nodes of the control plane, and those that are not Ready: one list for each label. */
export interface ControlPlaneMembers {
  /** Lists them now. */
  now(signal: AbortSignal): Promise<Members>;
  /** The answer for a node that waits: a label that no Node had is listed again only after an hour. */
  known(signal: AbortSignal): Promise<Members>;
}

/** The Nodes that are read at a time; a holder beyond them counts as one of the control plane. */
const holdersReadMax = 20;
const unusedLabelMs = 3_600_000;

export function createMembers({ api, clock }: Pick<StaticPodsOptions, "api" | "clock">): ControlPlaneMembers {
  const all = createLook<Members>(clock);
  const used = createLook<Members>(clock);
  const now = async (signal: AbortSignal) =>
    all.within(freshMs) ?? (await all.now(() => listByLabel(api, controlPlaneLabels, signal)));
  return {
    now,
    async known(signal) {
      const labels = all.within(unusedLabelMs)?.labels;
      if (labels === undefined) return await now(signal);
      return (
        all.within(freshMs) ??
        used.within(freshMs) ??
        (await used.now(() => listByLabel(api, labels, signal)))
      );
    },
  };
}

/**
 * The control plane as far as the Nodes of the holders show it, for a daemon that may read Nodes and not list
 * them. One read for each holder, in number at most those that a limit of nodes lets in.
 */
export async function readMembers(
  api: Api,
  holders: readonly Pick<Holder, "nodeID">[],
  signal: AbortSignal,
): Promise<ControlPlane & { workers: readonly string[] }> {
  const names = [...new Set(holders.map(({ nodeID }) => nodeID))].slice(0, holdersReadMax);
  const read = await Promise.all(
    names.map(async (name) => {
      const node = await unlessNotFound(() => api.get<WholeNode>(paths.node(name), { signal }));
      const isMember = isOfControlPlane(node?.metadata?.labels ?? {});
      return { name, isMember, isKnown: node !== undefined, isReady: node !== undefined && isReady(node) };
    }),
  );
  const members = read.filter(({ isMember }) => isMember);
  return {
    names: members.map(({ name }) => name),
    notReady: members.filter((member) => !member.isReady).map(({ name }) => name),
    workers: read.filter(({ isMember, isKnown }) => isKnown && !isMember).map(({ name }) => name),
  };
}

/**
 * One list for each other node of the control plane: no label is on the static pods of all distributions.
 * Found down, pods stay so for as many periods as there are nodes to ask; seen well, they let a node in for
 * the next few seconds alone.
 */
export function createStaticPods({ api, clock, recheckMs }: StaticPodsOptions): StaticPods {
  const seen = createLook<{ nodes: readonly string[]; down: readonly string[] }>(clock);

  async function look(nodes: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    const { down } = await seen.now(async () => ({
      nodes,
      down: await listStaticPodsDown(api, nodes, signal),
    }));
    return down;
  }

  function seenWithin(ms: number, asked: readonly string[]): readonly string[] | undefined {
    const { nodes = [], down } = seen.within(ms) ?? {};
    return asked.every((node) => nodes.includes(node)) ? down : undefined;
  }

  return {
    now: async (nodes, signal) => seenWithin(freshMs, nodes) ?? (await look(nodes, signal)),
    async enough(nodes, turn, signal) {
      const wereDown = (seen.last()?.down ?? []).length > 0;
      const lastsMs = wereDown ? recheckMs * nodes.length : freshMs;
      return seenWithin(lastsMs, nodes) ?? (turn || wereDown ? await look(nodes, signal) : undefined);
    },
  };
}

/** "namespace/name" of the critical static pods of these nodes that are not Ready. */
export async function listStaticPodsDown(
  api: Api,
  nodes: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const keep = (pod: WholePod) =>
    isCriticalStaticPod(pod) && isStaticPodDown(pod) ? podKey(pod) : undefined;
  const lists = await Promise.all(
    nodes.map((node) => {
      const query = { fieldSelector: `spec.nodeName=${node}` };
      return listAll<WholePod, string | undefined>(api, paths.pods, { signal, query }, keep);
    }),
  );
  return lists.flat().filter((key) => key !== undefined);
}
