import type { Transport } from "../../../daemon/cluster/transport.ts";
import type { Clock } from "../../../daemon/time/clock.ts";

/** What happens at one of the next writes of a node's daemon. */
export interface Strike {
  /** How many writes pass before. */
  skip: number;
  when: "before" | "after";
  act: () => void;
}

/** A write that takes effect when its client has given up, so many seconds after it was sent. */
export interface LateStrike {
  skip: number;
  when: "late";
  seconds: number;
}

/** Stands between daemons and the server, and strikes at the writes that it is told to strike at. */
export function createInterference(sleep: Clock["sleep"]) {
  const armed = new Map<string, (Strike | LateStrike)[]>();

  function nextStrike(node: string): Strike | LateStrike | undefined {
    const strikes = armed.get(node) ?? [];
    const due = strikes.find(({ skip }) => skip === 0);
    const left = strikes.filter((strike) => strike !== due);
    armed.set(
      node,
      left.map((strike) => ({ ...strike, skip: Math.max(0, strike.skip - 1) })),
    );
    return due;
  }

  return {
    arm: (node: string, strike: Strike | LateStrike) =>
      void armed.set(node, [...(armed.get(node) ?? []), strike]),
    disarm: () => armed.clear(),
    between(node: string, transport: Transport): Transport {
      return async (request) => {
        const strike = request.method === "GET" ? undefined : nextStrike(node);
        if (strike?.when === "late") {
          const { signal } = new AbortController();
          await sleep(strike.seconds * 1000, signal);
          return await transport({ ...request, signal });
        }
        if (strike?.when === "after") await transport(request);
        if (strike === undefined) return await transport(request);
        strike.act();
        throw new Error("the connection broke");
      };
    },
  };
}

export type Interference = ReturnType<typeof createInterference>;
