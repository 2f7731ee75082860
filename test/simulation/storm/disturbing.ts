import type { Kind, Trouble } from "./scenario.ts";

/** Kinds that keep daemons from reaching the server, for as long as they last and a while after. */
const disturbing = new Set<Kind>([
  "fault",
  "partition",
  "away",
  "outage",
  "lost-answer",
  "crash-at-write",
  "late-write",
  "suspended",
  "slow-answers",
  "refused",
  "restored",
  "slow-etcd",
  "other-version",
]);

/** Kinds that keep them from being told what changes, so that they have to look for themselves. */
const blinding = new Set<Kind>(["cut-watches", "compact", "lagging-watch", "dull-watch", "frozen-watch"]);

/** Whether a daemon can still ask, can still say something on its Node, and is told of changes. */
export function effectOf(trouble: Trouble): "disturbs" | "mutes" | "blinds" | undefined {
  const { kind } = trouble;
  if (kind === "refused" && trouble.request.verb === "patch" && trouble.request.resource === "nodes")
    return "mutes";
  // A daemon that is to prove a soft reboot has to be told the count.
  if (disturbing.has(kind) || (kind === "soft-reboot" && trouble.how === "uncounted")) return "disturbs";
  return blinding.has(kind) ? "blinds" : undefined;
}

/** The node whose daemon it concerns; undefined for all of them. */
export function nodeOf(trouble: Trouble): string | undefined {
  if ("node" in trouble) return trouble.node;
  return "user" in trouble ? /^rebootd:(.+)$/.exec(trouble.user ?? "")?.[1] : undefined;
}
