/** Sentences for what a draining node waits for. Pure. */
import type { Running } from "../drain/state.ts";
import type { Closed } from "../gates/reasons.ts";
import { count } from "../text/count.ts";
import { toTheSecond } from "../time/iso.ts";
import type { Context } from "./decision.ts";

/** The pods that remain, and what follows when they do not go. */
export function podsLeft(
  drain: Running,
  { deadline, deleteAt }: { deadline: number; deleteAt: number },
  { policy, now }: Context,
): Closed {
  const deletes = deleteAt < deadline ? `${deletionText(deleteAt, now)}; ` : "";
  const end = policy.rebootAnyway && drain.isListed ? "reboots anyway" : "is restored";
  const next = `${deletes}at ${toTheSecond(deadline)} the node ${end}`;
  const code = drain.trouble === undefined ? "pods-left" : "cannot-tell";
  return { gate: "drain", code, message: `${leftText(drain)}; ${next}` };
}

function deletionText(at: number, now: number): string {
  return now < at ? `pods will be deleted from ${toTheSecond(at)} on` : "pods are being deleted";
}

export function leftText({ isListed, podsLeft, blocked, trouble }: Running): string {
  const blind =
    trouble === undefined ? "" : `; the pods of this node cannot be listed at the moment: ${trouble}`;
  if (!isListed) return `the pods of this node have not been listed yet${blind}`;
  // A drain that knows that nothing is left has ended, or soon will.
  if (podsLeft === 0) return `no pod is known to remain; others may appear${blind}`;
  const rest = podsLeft - blocked.length;
  const more = rest > 0 && blocked.length > 0 ? `; and ${rest} more` : "";
  return `${count(podsLeft, "pod remains", "pods remain")}${blocked.length > 0 ? `: ${blocked.join("; ")}` : ""}${more}${blind}`;
}
