/** The facts of a roll as short sentences. Pure but for the memory of what was said before. */
import type { Fact } from "../world/fact.ts";

type NodeFact = Fact & { kind: "node" };

/** By the phase that a node enters. */
const sentences: Record<string, (fact: NodeFact, before: string) => string | undefined> = {
  Waiting: ({ reasons: [first] }) => (first === undefined ? "waits" : `waits: ${first}`),
  Draining: () => "has a slot and is cordoned; its pods move to other nodes",
  Rebooting: () => "is drained, and asks its machine for the reboot",
  Returning: () => "is back, and proves its reboot with a new boot ID",
  Settling: () => "is uncordoned; its slot waits a moment for the pods",
  Restoring: () => "gives up this attempt, and is restored",
  Failed: ({ reasons: [first] }) => `has failed${first === undefined ? "" : `: ${first}`}`,
  Idle: (_, before) =>
    before === "Waiting" ? "needs no reboot any more" : "is done: it takes pods, and its slot is free",
};

/** Returns what to say about the next fact; undefined where it is no news. */
export function createTeller(): (fact: Fact) => string | undefined {
  const phases = new Map<string, string>();
  return (fact) => {
    if (fact.kind === "down") {
      return fact.cause === "command" ? `${fact.name} goes down` : `${fact.name} has lost its power`;
    }
    if (fact.kind !== "node") return undefined;
    const { name, phase = "Idle" } = fact;
    const before = phases.get(name) ?? "Idle";
    if (phase === before) return undefined;
    phases.set(name, phase);
    const sentence = sentences[phase]?.(fact, before);
    return sentence === undefined ? undefined : `${name} ${sentence}`;
  };
}
