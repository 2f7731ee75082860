/** P2, nothing left behind: only what rebootd cordoned is uncordoned, a node is uncordoned before its slot is released. */
import type { Checker, Look } from "./checker.ts";
import { isCordoned, isHolder } from "./eyes.ts";

/** A daemon leaves alone what a person has cordoned. */
export function personsCordonStays({ of, violate }: Pick<Look, "of" | "violate">): Checker {
  return {
    onUncordoned(name, by, cordoner) {
      if (by !== "daemon" || cordoner !== "person" || of(name).isForged) return;
      const message = `the daemon has uncordoned ${name}, which a person had cordoned`;
      violate("a person's cordon stays", message, name);
    },
  };
}

/** A daemon releases its slot only once its node is uncordoned. */
export function uncordonedThenReleased({
  view,
  of,
  holds,
  violate,
}: Pick<Look, "of" | "holds" | "violate"> & { view: Pick<Look["view"], "stored"> }): Checker {
  return {
    onRemoved({ writer, entry }) {
      const { nodeID: name, concurrency } = entry;
      if (!isHolder(entry) || name !== writer || concurrency === undefined) return;
      // A daemon with another lock may still be at it.
      const isOurs = of(name).cordoner === "daemon" && !holds(name) && !of(name).isForged;
      if (!isOurs || !isCordoned(view.stored("nodes", name))) return;
      violate("uncordon, then release", `${name} has released its slot and is still cordoned`, name);
    },
  };
}

/** A node as it can be told apart from how it was found. */
export interface Marks {
  isCordoned: boolean;
  taints: readonly string[];
  labels: Readonly<Record<string, string>>;
}

export interface Leftovers {
  holders: () => readonly string[];
  /** Of each node that is still there. */
  nodes: () => readonly { name: string; first: Marks; last: Marks }[];
}

/** When all cycles are over, no slot is held, and each node is as it was found. */
export function nothingLeftBehind(
  { violate }: Pick<Look, "violate">,
  { holders, nodes }: Leftovers,
): Checker {
  const promise = "nothing is left behind";
  return {
    atEnd() {
      for (const name of holders()) violate(promise, `${name} still holds a slot`, name);
      for (const { name, first, last } of nodes()) {
        for (const what of differences(first, last)) violate(promise, `${name}: ${what}`, name);
      }
    },
  };
}

function differences(first: Marks, last: Marks): string[] {
  const result: string[] = [];
  if (first.isCordoned !== last.isCordoned) {
    result.push(last.isCordoned ? "the cordon was left" : "a cordon of somebody else was removed");
  }
  const taintsOf = ({ taints }: Marks) => [...taints].sort().join(" ");
  if (taintsOf(first) !== taintsOf(last)) {
    result.push(`its taints were [${taintsOf(first)}] and are [${taintsOf(last)}]`);
  }
  for (const name of new Set([...Object.keys(first.labels), ...Object.keys(last.labels)])) {
    if (first.labels[name] !== last.labels[name]) result.push(`label ${name} is not as it was`);
  }
  return result;
}
