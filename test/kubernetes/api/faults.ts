/** Faults on request: what the API server, or the network before it, does wrong. */
import type { Attributes } from "./request.ts";
import type { Random } from "./timing.ts";

export interface FaultMatch {
  user?: string;
  verb?: string;
  resource?: string;
  subresource?: string;
  namespace?: string;
  name?: string;
  /** Anything else: true means that the fault concerns the request. */
  where?: (facts: RequestFacts) => boolean;
}

export interface RequestFacts extends Attributes {
  user: string;
}

export type FaultEffect =
  /** Answers at once with this status; nothing is done. */
  | { status: 500 | 503 | 429 | 409; retryAfter?: number }
  /** Answers as an admission webhook or another server would; nothing is done. */
  | { refusal: { code: number; reason: string; message: string } }
  /** The connection breaks before the request is looked at. */
  | "reset-before"
  /** The request takes effect, and the connection breaks before the answer. */
  | "reset-after"
  /** The answer comes late. Goes together with any other effect. */
  | { latencyMs: number }
  /** No answer ever, until the client gives up; nothing is done. */
  | "hang"
  /** The events of watches come late, also of those that are open already, and in their order. */
  | { watchDelayMs: number }
  /** A watch opens, and its connection breaks in place of its first event. */
  | "cut-watch";

export interface Fault {
  match?: FaultMatch;
  /** How often it strikes; for ever when absent. */
  times?: number;
  /** Between 0 and 1; always when absent. */
  probability?: number;
  effect: FaultEffect;
}

export interface FaultHandle {
  /** How often it has struck. */
  readonly hits: number;
  remove(): void;
}

export interface Faults {
  add(fault: Fault): FaultHandle;
  clear(): void;
  /** The effects that strike this request, in the order in which they were added. */
  strike(facts: RequestFacts): FaultEffect[];
  /** How late the next event of this watch comes. */
  watchDelayMs(facts: RequestFacts): number;
}

type ActiveFault = Fault & { hits: number };

export function createFaults(random: Random): Faults {
  const active = new Set<ActiveFault>();

  function strikes(fault: ActiveFault, facts: RequestFacts): boolean {
    if (!concerns(fault, facts)) return false;
    if (fault.probability !== undefined && random() >= fault.probability) return false;
    fault.hits++;
    if (fault.hits === fault.times) active.delete(fault);
    return true;
  }

  return {
    add(fault) {
      const entry = { ...fault, hits: 0 };
      active.add(entry);
      return {
        get hits() {
          return entry.hits;
        },
        remove: () => active.delete(entry),
      };
    },
    clear: () => active.clear(),
    strike(facts) {
      const effects: FaultEffect[] = [];
      for (const fault of active) {
        if (isWatchDelay(fault.effect) || !strikes(fault, facts)) continue;
        effects.push(fault.effect);
        if (!isLatency(fault.effect)) break;
      }
      return effects;
    },
    watchDelayMs(facts) {
      let delayMs = 0;
      for (const fault of active) {
        const { effect } = fault;
        if (isWatchDelay(effect) && strikes(fault, facts)) delayMs += effect.watchDelayMs;
      }
      return delayMs;
    },
  };
}

export function isLatency(effect: FaultEffect): effect is { latencyMs: number } {
  return typeof effect === "object" && "latencyMs" in effect;
}

function isWatchDelay(effect: FaultEffect): effect is { watchDelayMs: number } {
  return typeof effect === "object" && "watchDelayMs" in effect;
}

function concerns({ match = {}, effect }: Fault, facts: RequestFacts): boolean {
  if (effect === "cut-watch" && facts.verb !== "watch") return false;
  const { where, ...exact } = match;
  const fits = Object.entries(exact).every(
    ([key, value]) => value === undefined || facts[key as keyof typeof exact] === value,
  );
  return fits && (where?.(facts) ?? true);
}
