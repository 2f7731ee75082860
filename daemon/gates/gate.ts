import { SilentServerError } from "../prometheus/server.ts";
import { DeadlineError } from "../time/deadline.ts";
import type { AskedGate, Closed, unevaluated } from "./reasons.ts";

/**
 * Times at which a gate is asked. `start`: before the node tries to take a slot, and again once it holds one.
 * `slot`: after that, when a slot is free for this node, and again once it holds one. `drain`: during the
 * drain. `reboot`: once the node is drained, straight before the reboot. `return`: after the reboot, before the
 * uncordon, once nothing else is missing.
 */
export type Stage = "start" | "slot" | "drain" | "reboot" | "return";

/** A condition that can say "not now", only for the reasons of its name. */
export interface Gate<G extends AskedGate = AskedGate> {
  readonly name: G;
  /**
   * A gate is not asked during the drain and after it if it would see the effects of the drain. An expensive
   * gate is asked only for the `slot`: nodes that wait for their turn do not ask, and a gate that stays
   * closed for the same reason is asked less and less often.
   */
  readonly stages: readonly Stage[];
  /**
   * `local`: costs nothing, so it is asked at each look. `remote`: a request to a server, so it is asked
   * rarely.
   */
  readonly cost: "local" | "remote";
  /**
   * An open answer of just before the slot was acquired counts once it is held, too: the gate costs several
   * requests, and the drain itself meets what it foretells.
   */
  readonly isAskedOnceForSlot?: true;
  /** An urgent request ignores this gate. */
  readonly urgentPasses?: true;
  /**
   * The reason is transient: a drained node waits until the gate opens. Without this the node is restored.
   */
  readonly isTransient?: true;
  /**
   * A gate that has not answered by then is closed. A gate that asks several servers in turn needs more than
   * the default.
   */
  readonly deadlineMs?: number;
  /** Rejects when it cannot tell, which counts as closed. */
  check(context: GateContext, signal: AbortSignal): Promise<GateAnswer<G>>;
}

/** Facts for every gate, beside those that it reads itself. Times in milliseconds since the epoch. */
export interface GateContext {
  now: number;
  stage: Stage;
  neededSince: number;
  /** The unparsed annotation of the own Node. */
  paused: string | undefined;
  /** The same for the approval. */
  approved: string | undefined;
  /** Labels of the own Node. */
  labels: Readonly<Record<string, string>>;
  /**
   * Time of this node's last cycle from the slot to the reboot, in milliseconds; undefined before the first.
   */
  lastDrainMs: number | undefined;
  /** The shortest grace with which a pod of this node has outlasted a drain; undefined where none has. */
  slowGraceSeconds: number | undefined;
  /** Since when the node waits for pods that ask for time, with breaks; undefined before the first wait. */
  optOutsSince?: number | undefined;
}

/** A gate that depends on nothing but the time and the own Node, so that its answer is known for any time. */
export interface ForeseenGate<G extends AskedGate = AskedGate> extends Gate<G> {
  /** Pure. */
  answer(context: GateContext): GateAnswer<G>;
}

export function foreseen<G extends AskedGate>(gate: Omit<ForeseenGate<G>, "check">): ForeseenGate<G> {
  return { ...gate, check: async (context) => gate.answer(context) };
}

export type GateAnswer<G extends AskedGate = AskedGate> = (
  | { open: true }
  /** The gate is {@link Closed}. `watch` is there if its opening can be observed. */
  | ({ open: false; watch?: WatchOpening | undefined } & Pick<Closed<G>, "code" | "message">)
) & {
  /** Time at which the answer changes by itself, if known; milliseconds since the epoch. */
  changesAt?: number | undefined;
  /** Since when the gate is open, if known; milliseconds since the epoch. */
  openSince?: number;
};

export interface WatchOpening {
  /** At most this many nodes wait for the same opening. */
  nodesMost: number;
  /**
   * Notifies whether the gate would be open, at first and whenever that may have changed, until the signal
   * ends it. Ends by itself if that cannot be observed. A notification is no answer: the gate is asked after
   * it.
   */
  follow(notify: (isOpen: boolean) => void, signal: AbortSignal): Promise<void>;
}

export interface GateAnswers {
  /** All closed gates, not just the first. Empty: all are open. */
  closed: readonly Closed[];
  /** Time at which the answer is known to change, such as the next window; milliseconds since the epoch. */
  changesAt?: number | undefined;
  /** Since when the last of the gates is open that know it, such as a window. */
  openSince?: number | undefined;
}

/** The answer of a gate that could not be evaluated. */
export function cannotTell(error: unknown): {
  open: false;
  code: keyof typeof unevaluated;
  message: string;
} {
  const code =
    error instanceof SilentServerError
      ? "timeout"
      : error instanceof DeadlineError
        ? "no-answer"
        : "cannot-tell";
  return { open: false, code, message: `cannot tell: ${(error as Error).message}` };
}
