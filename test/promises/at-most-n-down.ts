/** P1, never too many down: at any moment at most as many nodes are between cordon and release as the limits allow. */
import type { Checker, Look } from "./checker.ts";
import { ofEachNode } from "./eyes.ts";

/** A node is cordoned by its daemon only with a slot. */
export function noCordonWithoutSlot({
  of,
  holds,
  isRecent,
  violate,
}: Pick<Look, "of" | "holds" | "isRecent" | "violate">): Checker {
  return {
    onCordoned(name, by) {
      if (by !== "daemon" || holds(name) || isRecent(name, of(name).robbedAt)) return;
      violate("no cordon without a slot", `${name} was cordoned and holds no slot`, name);
    },
  };
}

/** A daemon enters the lock only while a slot is free. */
export function noMoreSlotsThanAllowed({ violate }: Pick<Look, "violate">): Checker {
  return {
    onEntered({ writer, isReturn, after, slots }) {
      const many = ofEachNode(after).length;
      if (isReturn || many <= slots) return;
      violate("no more slots than allowed", `${writer} is one of ${many}, allowed are ${slots}`);
    },
  };
}

/** A node that its daemon has cordoned keeps its slot. A slot that a person has taken away is no daemon's fault. */
export function downWithSlot({
  of,
  names,
  holds,
  violate,
}: Pick<Look, "of" | "names" | "holds" | "violate">): Checker {
  return {
    onChanged() {
      for (const name of names()) {
        const { cordoner, robbedAt, isForged } = of(name);
        if (cordoner !== "daemon" || robbedAt !== Number.NEGATIVE_INFINITY || isForged || holds(name))
          continue;
        violate("down with a slot", `${name} is cordoned by its daemon without a slot`, name);
      }
    },
  };
}

/** Counts the nodes between cordon and release; each further one is a breach of its own. */
export function noMoreDownThanAllowed(
  { violate }: Pick<Look, "violate">,
  { limit, down }: { limit: number; down: () => readonly string[] },
): Checker {
  let most = limit;
  return {
    onChanged() {
      const names = down();
      if (names.length <= limit) most = limit;
      if (names.length <= most) return;
      most = names.length;
      violate(
        "never too many down",
        `${names.length} nodes were down where ${limit} may be: ${names.join(", ")}`,
      );
    },
  };
}
