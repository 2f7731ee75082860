import type { Message } from "../../daemon/notify/message.ts";

/** A message about a failed drain, but for what a test changes. */
export function message(changes: Partial<Message> = {}): Message {
  return {
    id: "n1/DrainFailed/2026-11-29T02:00:00.000Z",
    kind: "failed",
    event: "DrainFailed",
    level: "error",
    node: "n1",
    title: "n1: the drain has failed",
    text: "shop/cart-0 remains: the budget shop/cart allows no disruption",
    at: "2026-11-29T02:00:00.000Z",
    topic: "n1 2026-11-29T01:45:00.000Z",
    wave: "2026-11-29",
    runbook: "https://example.com/runbooks/drain-failed",
    ...changes,
  };
}
