/** What a fault that strikes a request does to it before anybody looks at it. */

import { ConnectionReset } from "./event-queue.ts";
import { type FaultEffect, isLatency } from "./faults.ts";
import { ApiError, tooManyRequests } from "./status.ts";
import { pause, type Timers } from "./timing.ts";

/** Throws the answer that a fault gives, or ConnectionReset where it gives none. */
export async function sufferBefore(
  effects: FaultEffect[],
  signal: AbortSignal,
  timers: Timers,
): Promise<void> {
  for (const effect of effects) {
    if (isLatency(effect)) await pause(timers, effect.latencyMs, signal);
    else if (effect === "reset-before") throw new ConnectionReset();
    else if (effect === "hang") await aborted(signal);
    else if (typeof effect === "object" && "refusal" in effect) {
      const { code, reason, message } = effect.refusal;
      throw new ApiError(code, reason, message);
    } else if (typeof effect === "object" && "status" in effect)
      throw faultStatus(effect.status, effect.retryAfter ?? 0);
  }
  if (signal.aborted) throw new ConnectionReset();
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function faultStatus(status: number, retryAfter: number): ApiError {
  const details = retryAfter > 0 ? { retryAfterSeconds: retryAfter } : {};
  switch (status) {
    case 429:
      return tooManyRequests("Too many requests, please try again later.", retryAfter);
    case 409:
      return new ApiError(
        409,
        "Conflict",
        "Operation cannot be fulfilled: the object has been modified",
        details,
      );
    case 503:
      return new ApiError(
        503,
        "ServiceUnavailable",
        "the server is currently unable to handle the request",
        details,
      );
    default:
      return new ApiError(status, "InternalError", "Internal error occurred: a fault was asked for", details);
  }
}
