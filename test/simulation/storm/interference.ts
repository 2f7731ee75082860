import type { Transport } from "../../../daemon/cluster/transport.ts";
import type { Layer } from "./network.ts";

/** What happens at one of the next writes of a node's daemon. */
export interface Strike {
  /** How many writes pass before. */
  skip: number;
  when: "before" | "after";
  act: () => void;
}

/** Stands between daemons and the server, and strikes at the writes that it is told to strike at. */
export function createInterference() {
  const armed = new Map<string, Strike[]>();
  const layers = new Map<string, Set<Layer>>();

  function nextStrike(node: string): Strike | undefined {
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
    arm: (node: string, strike: Strike) => void armed.set(node, [...(armed.get(node) ?? []), strike]),
    disarm: () => armed.clear(),
    /** Something that stands in the way of a daemon's requests, until the answer is called. */
    lay(node: string, layer: Layer): () => void {
      const laid = layers.get(node) ?? new Set();
      layers.set(node, laid.add(layer));
      return () => void laid.delete(layer);
    },
    between(node: string, direct: Transport): Transport {
      return async (request) => {
        const transport = [...(layers.get(node) ?? [])].reduce((inner, layer) => layer(inner), direct);
        const strike = request.method === "GET" ? undefined : nextStrike(node);
        if (strike?.when === "after") await transport(request);
        if (strike === undefined) return await transport(request);
        strike.act();
        throw new Error("the connection broke");
      };
    },
  };
}

export type Interference = ReturnType<typeof createInterference>;
