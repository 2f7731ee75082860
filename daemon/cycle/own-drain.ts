import type { Drain } from "../drain/drain.ts";
import type { DrainState } from "../drain/state.ts";
import { momentsOf, onElapsed, onTheWall } from "../time/both-clocks.ts";
import type { Clock } from "../time/clock.ts";
import type { Action } from "./decision.ts";

/** Times in milliseconds, of either clock. */
type DrainTimes = Omit<Extract<Action, { do: "drain" }>, "do">;
export type StartDrain = (onChange: () => void, times: DrainTimes, signal: AbortSignal) => Drain;

/**
 * The drain of the own node, of which there is at most one. Times are those of decisions: milliseconds
 * since the epoch.
 */
export interface OwnDrain {
  state(): DrainState;
  start(times: DrainTimes): void;
  stop(): void;
}

/** `start` takes its deadlines by `clock.elapsed()`. */
export function createOwnDrain(clock: Clock, start: StartDrain, onChange: () => void): OwnDrain {
  let running: { task: Drain; stopped: AbortController } | undefined;
  return {
    state() {
      const state = running?.task.state() ?? { state: "none" };
      return state.state === "done" ? { ...state, at: onTheWall(state.at, momentsOf(clock)) } : state;
    },
    start({ cordonedAt, deadline, deleteAt }) {
      const now = momentsOf(clock);
      const times = { cordonedAt, deadline: onElapsed(deadline, now), deleteAt: onElapsed(deleteAt, now) };
      const stopped = new AbortController();
      running = { task: start(onChange, times, stopped.signal), stopped };
    },
    stop() {
      running?.stopped.abort();
      running = undefined;
    },
  };
}
