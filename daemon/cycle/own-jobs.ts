/** The hook Jobs of this node: each is looked at no more often than its age is worth. */
import { momentsOf } from "../time/both-clocks.ts";
import type { Action } from "./decision.ts";
import { jobPauseMs } from "./hook-jobs.ts";
import type { Hook, JobState } from "./observation.ts";
import type { CyclePorts } from "./ports.ts";
import type { CycleRecord } from "./record.ts";

/** Passes between two looks do with the last one; a timer that is due a moment early does not. */
const ofPause = 0.9;

export interface OwnJobs {
  look(hook: Hook, record: CycleRecord, nodeUid: string, signal: AbortSignal): Promise<JobState>;
  run(action: Extract<Action, { do: "run job" }>, nodeUid: string, signal: AbortSignal): Promise<void>;
}

export function createOwnJobs({ clock, jobs }: CyclePorts): OwnJobs {
  let last: { of: string; state: JobState; at: number } | undefined;
  return {
    async look(hook, record, nodeUid, signal) {
      const { id = "", since = "" } = record[`${hook}Job`] ?? {};
      const of = `${hook} ${id}`;
      const { elapsed: at, wall } = momentsOf(clock);
      const pauseMs = ofPause * jobPauseMs(wall - Date.parse(since));
      if (last?.of === of && at - last.at < pauseMs) return last.state;
      const state = await jobs.look({ hook, id, nodeUid }, signal);
      last = { of, state, at };
      return state;
    },
    async run({ hook, id, deadline }, nodeUid, signal) {
      last = undefined;
      const { wall } = momentsOf(clock);
      await jobs.run({ hook, id, nodeUid }, deadline - wall, signal);
    },
  };
}
