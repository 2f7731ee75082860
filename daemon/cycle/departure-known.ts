import type { Closed } from "../gates/reasons.ts";
import type { Context } from "./decision.ts";
import { departureOf } from "./departing.ts";

/**
 * Tells between cycles whether somebody takes the node away, from what is known without a request: taints come
 * with a read of the Node alone. A sign is looked for again once the Node has changed, and not more often than
 * closed gates are asked. Pure.
 */
export function departureKnown({ seen, policy, now }: Context): "look" | Departing | undefined {
  const { node, known } = seen;
  const facts = typeof node === "object" ? node : known?.facts;
  const closed = facts && departureOf(facts, policy.departingWhen);
  if (closed === undefined) return undefined;
  const readAt = node === undefined ? known?.changedSince : undefined;
  const until = (readAt ?? now) + policy.gateRecheckMs;
  return now >= until ? "look" : { closed, until };
}

interface Departing {
  closed: Closed<"departing">;
  /** When to look again. */
  until: number;
}
