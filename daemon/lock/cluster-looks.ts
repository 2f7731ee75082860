import { type Api, unlessNotGranted } from "../cluster/api.ts";
import type { Clock } from "../time/clock.ts";
import { createAbsent } from "./absent.ts";
import { createMembers, createStaticPods, readMembers } from "./control-plane.ts";
import { nextLook, type Question, refusalOf, type ViewPart } from "./facts.ts";
import {
  type ClusterView,
  type ControlPlane,
  isOfControlPlane,
  type Limits,
  type Waiting,
} from "./limits.ts";
import { type LockValue, nodeHolders } from "./lock.ts";
import { createUnavailable } from "./unavailable.ts";

/** The looks at other nodes, made only if they decide, and remembered for as long as they may count. */
export interface ClusterLooks {
  /**
   * The part of the view that tells a waiting node its reason. `turn` is true if the node is about to enter.
   */
  enough(asked: Omit<Question, "view">, turn: boolean, signal: AbortSignal): Promise<ClusterView>;
  /** All of the view, as it is now: with it the node enters. */
  now(waiting: Waiting, limits: Limits, signal: AbortSignal): Promise<ClusterView>;
  /** Takes note of each state of the lock. True if a node has left it, so that the other nodes count anew. */
  observe(lock: LockValue): boolean;
}

export interface ClusterLooksOptions extends Pick<Limits, "maxPerZone" | "maxPerPool" | "poolLabel"> {
  api: Api;
  clock: Clock;
  /**
   * Nodes and pods that are in the way are looked at again after so many milliseconds, or a multiple of them.
   */
  recheckMs: number;
  /**
   * True if a Node with these annotations is in mid-cycle, and so counts as down whether or not the lock
   * names it.
   */
  isUnderWay: (annotations: Readonly<Record<string, string>>) => boolean;
}

export function createClusterLooks(options: ClusterLooksOptions): ClusterLooks {
  const { clock } = options;
  const unavailable = createUnavailable(options);
  const absent = createAbsent(options);
  const members = createMembers(options);
  const staticPods = createStaticPods(options);

  let lastSeen: LockValue | undefined;

  /** The control plane as the Nodes show it; those of the holders alone if the Nodes cannot be listed. */
  async function membersOf(
    list: (signal: AbortSignal) => Promise<ControlPlane>,
    lock: LockValue | undefined,
    signal: AbortSignal,
  ): Promise<ControlPlane> {
    const listed = await unlessNotGranted(() => list(signal), undefined);
    if (listed !== undefined) return listed;
    return await readMembers(options.api, lock === undefined ? [] : nodeHolders(lock), signal);
  }

  async function look(
    part: ViewPart,
    question: Question,
    turn: boolean,
    signal: AbortSignal,
  ): Promise<ClusterView> {
    const { state, view } = question;
    switch (part) {
      case "controlPlane":
        return {
          controlPlane: await membersOf(turn ? members.now : members.known, question.state.lock, signal),
        };
      case "podsDown":
        return { podsDown: await staticPods.enough(otherMembers(question, view), turn, signal) };
      case "absent":
        return { absent: await absent.known(state, signal) };
      case "unavailable": {
        const isRefused = (names: readonly string[]) =>
          refusalOf({ ...question, view: { ...view, unavailable: names } }, clock.wall()) !== undefined;
        return { unavailable: await unavailable.enough({ turn, isRefused }, signal) };
      }
      default:
        return part satisfies never;
    }
  }

  return {
    observe(lock) {
      lastSeen = lock;
      unavailable.observe(lock);
      return absent.observe(lock);
    },

    async enough(asked, turn, signal) {
      let view: ClusterView = {};
      for (;;) {
        const question = { ...asked, view };
        const part = nextLook(question, clock.wall());
        if (part === undefined) return view;
        view = { ...view, ...(await look(part, question, turn, signal)) };
      }
    },

    async now(waiting, limits, signal) {
      const view: ClusterView = {};
      if (isOfControlPlane(waiting.labels)) {
        view.controlPlane = await membersOf(members.now, lastSeen, signal);
        view.podsDown = await staticPods.now(otherMembers({ waiting }, view), signal);
      }
      if (limits.maxUnavailable !== undefined) view.unavailable = await unavailable.now(signal);
      view.absent = await absent.now(signal);
      return view;
    },
  };
}

function otherMembers(
  { waiting }: Pick<Question, "waiting">,
  { controlPlane }: ClusterView,
): readonly string[] {
  return (controlPlane?.names ?? []).filter((name) => name !== waiting.identity.name);
}
