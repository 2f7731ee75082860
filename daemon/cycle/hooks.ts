/**
 * Hooks: annotations of the Node that other programs set to `true`, before the reboot or after it. The daemon sets them to `waiting`
 * when it is their turn, and removes them with each cycle, so that none counts for an earlier reboot. Pure.
 */
import type { Closed } from "../gates/reasons.ts";
import type { NodeFacts } from "./observation.ts";

/** The part of a patch of the Node that is about hooks. */
interface HookChange {
  annotations?: Record<string, string | null>;
}

export function missingHooks(keys: readonly string[], { annotations }: NodeFacts): string[] {
  return keys.filter((key) => annotations[key] !== "true");
}

/** The reason for which a drained node waits; none where no hook is missing. */
export function closedByHooks(missing: readonly string[]): Closed<"hooks">[] {
  if (missing.length === 0) return [];
  const message = `waiting for these annotations to be true before the reboot: ${missing.join(", ")}`;
  return [{ gate: "hooks", code: "before", message }];
}

/** Tells the programs behind the hooks that the node is ready for them. */
export function callHooks(keys: readonly string[], { annotations }: NodeFacts): HookChange {
  const uncalled = keys.filter((key) => annotations[key] !== "waiting");
  return uncalled.length > 0
    ? { annotations: Object.fromEntries(uncalled.map((key) => [key, "waiting"])) }
    : {};
}

/** Removes the hooks: one counts only if it is set after this patch, and none is left behind by the cycle. */
export function forgetHooks(keys: readonly string[]): HookChange {
  return keys.length > 0 ? { annotations: Object.fromEntries(keys.map((key) => [key, null])) } : {};
}
