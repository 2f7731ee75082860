import { SilentServerError } from "../prometheus/server.ts";
import { DeadlineError } from "../time/deadline.ts";
import type { AskedGate, Closed, unevaluated } from "./reasons.ts";

/**
 * When a gate is asked: at the `start` before the slot is asked for and again once it is held; for the
 * `slot`, after that, with a slot at hand that would be taken next, and again once it is held; during the
 * `drain`; and once the node is drained, straight before the `reboot`.
 */
export type Stage = "start" | "slot" | "drain" | "reboot";

/** Something that can say "not now", for the reasons of its name alone. */
export interface Gate<G extends AskedGate = AskedGate> {
  readonly name: G;
  /**
   * Not in the drain and after it, where it would see the drain's own doings. One that asks for much is asked
   * for the `slot` alone: nodes that wait for their turn do not ask, and while it stays closed for the same
   * reason it is asked less and less often.
   */
  readonly stages: readonly Stage[];
  /**
   * `local`: costs nothing, so it is asked at each look. `remote`: a server is asked, which is to be done
   * rarely.
   */
  readonly cost: "local" | "remote";
  /** An urgent need passes it. */
  readonly urgentPasses?: true;
  /** The reason is transient: a drained node waits for its end. Without it the node is restored. */
  readonly isTransient?: true;
  /**
   * One that has not answered by then is closed. Without it what is usual counts; one that asks several in
   * turn needs longer.
   */
  readonly deadlineMs?: number;
  /** Rejects when it cannot tell, which counts as closed. */
  check(context: GateContext, signal: AbortSignal): Promise<GateAnswer<G>>;
}

/** The facts that each gate gets. Times in milliseconds since the epoch. */
export interface GateContext {
  now: number;
  stage: Stage;
  neededSince: number;
  /** The annotation of the own Node, whatever it says. */
  paused: string | undefined;
  /** The labels of the own Node. */
  labels: Readonly<Record<string, string>>;
  /**
   * How long this node's last cycle took from the slot to the reboot, in milliseconds; undefined before the
   * first.
   */
  lastDrainMs: number | undefined;
  /** The shortest grace with which a pod of this node has outlasted a drain; undefined where none has. */
  slowGraceSeconds: number | undefined;
}

export type GateAnswer<G extends AskedGate = AskedGate> = (
  | { open: true }
  /** The gate is {@link Closed}. `watch`: where it can be seen that it opens. */
  | ({ open: false; watch?: WatchOpening | undefined } & Pick<Closed<G>, "code" | "message">)
) & {
  /** When the answer changes by itself, if that is known; milliseconds since the epoch. */
  changesAt?: number | undefined;
};

export interface WatchOpening {
  /** The largest number of nodes that wait for the same. */
  nodesMost: number;
  /**
   * Tells whether the gate would be open, at first and whenever that may have changed, until the signal ends
   * it. Ends by itself where that cannot be seen. What it tells opens no way: then the gate is asked.
   */
  follow(notify: (isOpen: boolean) => void, signal: AbortSignal): Promise<void>;
}

export interface GateAnswers {
  /** All closed gates, not just the first. Empty: all are open. */
  closed: readonly Closed[];
  /** When the answer is known to change, such as the next window; milliseconds since the epoch. */
  changesAt?: number | undefined;
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
