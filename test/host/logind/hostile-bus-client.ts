/** In a thread of its own, which ends where it takes too long or too much memory: asks logind as the daemon does. */
import { parentPort } from "node:worker_threads";
import { createLogind } from "../../../daemon/host/logind/logind.ts";
import { type Clock, systemClock } from "../../../daemon/time/clock.ts";

export interface Question {
  socket: string;
  method: "listInhibitors" | "listSessions" | "canReboot" | "isShuttingDown";
  /** Whether the deadline is to come ten times sooner, as nothing else will. */
  hasty: boolean;
}

const hastyClock: Clock = { ...systemClock, sleep: (ms, inner) => systemClock.sleep(ms / 10, inner) };

parentPort?.on("message", async ({ socket, method, hasty }: Question) => {
  const answer = await createLogind(socket, hasty ? hastyClock : systemClock)
    [method](new AbortController().signal)
    .then(
      (value) => `answer: ${JSON.stringify(value)}`,
      (error: Error) => `error: ${error.message}`,
    );
  parentPort?.postMessage(answer.slice(0, 200));
});
