import { DeadlineError } from "../time/deadline.ts";

/**
 * When a gate is asked: at the `start` before the slot is asked for and again once it is held; for the `slot`, after that, with
 * a slot at hand that would be taken next, and again once it is held; during the `drain`; and once the node is drained, straight
 * before the `reboot`.
 */
export type Stage = "start" | "slot" | "drain" | "reboot";

/** Something that can say "not now". */
export interface Gate {
  readonly name: string;
  /**
   * Not in the drain and after it, where it would see the drain's own doings. One that asks for much is asked for the `slot`
   * alone: nodes that wait for their turn do not ask, and while it stays closed for the same reason it is asked less and less often.
   */
  readonly stages: readonly Stage[];
  /** `here`: costs nothing, so it is asked at each look. `afar`: a server is asked, which is to be done rarely. */
  readonly asks: "here" | "afar";
  /** An urgent need passes it. */
  readonly urgentPasses?: true;
  /** What closes it is soon over: a node that is drained waits for that. Without it the node is given back. */
  readonly isBrief?: true;
  /** One that has not answered by then is closed. Without it what is usual counts; one that asks several in turn needs longer. */
  readonly deadlineMs?: number;
  /** Rejects when it cannot tell, which counts as closed. */
  check(moment: GateMoment, signal: AbortSignal): Promise<GateAnswer>;
}

/** What a gate may look at beside what it asks for itself. Times in milliseconds since the epoch. */
export interface GateMoment {
  now: number;
  stage: Stage;
  neededSince: number;
  /** The annotation of the own Node, whatever it says. */
  paused: string | undefined;
  /** Of the own Node. */
  labels: Readonly<Record<string, string>>;
  /** How long this node's last cycle took from the slot to the reboot, in milliseconds; undefined before the first. */
  lastDrainMs: number | undefined;
  /** The shortest grace with which a pod of this node has outlasted a drain; undefined where none has. */
  slowGraceSeconds: number | undefined;
}

export type GateAnswer = (
  | { open: true }
  /** `code` is from a bounded set; `message` is a sentence for people. `watch`: where it can be seen that it opens. */
  | { open: false; code: string; message: string; watch?: WatchOpening | undefined }
) & {
  /** When the answer changes by itself, if that is known; milliseconds since the epoch. */
  changesAt?: number | undefined;
};

export interface WatchOpening {
  /** So many nodes at most wait for the same. */
  nodesMost: number;
  /**
   * Tells whether the gate would be open, at first and whenever that may have changed, until the signal ends it. Ends by itself where
   * that cannot be seen. What it tells opens no way: then the gate is asked.
   */
  follow(tell: (isOpen: boolean) => void, signal: AbortSignal): Promise<void>;
}

export interface ClosedGate {
  gate: string;
  /** A word from a bounded set, for metrics and for comparing. */
  code: string;
  /** A sentence for people. */
  message: string;
  /** Soon over: a node that is drained waits for it. */
  isBrief?: true;
}

export interface GateAnswers {
  /** All closed gates, not just the first. Empty: all are open. */
  closed: readonly ClosedGate[];
  /** When the answer is known to change, such as the next window; milliseconds since the epoch. */
  changesAt?: number | undefined;
}

/** A server was silent up to its own deadline. */
export class SilentServerError extends Error {
  override readonly name = "SilentServerError";
}

/** What a gate says that could not be evaluated. */
export function cannotTell(error: unknown): { open: false; code: string; message: string } {
  const code =
    error instanceof SilentServerError
      ? "timeout"
      : error instanceof DeadlineError
        ? "no-answer"
        : "cannot-tell";
  return { open: false, code, message: `cannot tell: ${(error as Error).message}` };
}
