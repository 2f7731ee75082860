import type { ApiResponse, Transport } from "../../daemon/cluster/transport.ts";
import type { MachineClock } from "./machine-clock.ts";

/**
 * The network as processes of a machine have it that may be paused: what was sent is on its way, and answers, and what a
 * watch shows, wait until it goes on.
 */
export function pausedWith(clock: MachineClock, transport: Transport): Transport {
  return async (request) => {
    // Nothing is sent by a process that stands still; what wakes it meanwhile has to wait.
    if (clock.isSuspended) await clock.awake();
    try {
      const answer = await transport(request);
      if (clock.isSuspended) await clock.awake();
      return { ...answer, chunks: () => heldBack(clock, answer) };
    } catch (error) {
      if (clock.isSuspended) await clock.awake();
      throw error;
    }
  };
}

async function* heldBack(clock: MachineClock, answer: ApiResponse): AsyncIterable<string> {
  for await (const chunk of answer.chunks()) {
    if (clock.isSuspended) await clock.awake();
    yield chunk;
  }
}
