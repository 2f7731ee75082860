/** P5, it says why: a node that waits names its reasons. */
import type { Checker, Look } from "./checker.ts";

export function waitingNamesReasons({ violate }: Pick<Look, "violate">): Checker {
  return {
    onRecord({ name, before, found, after }) {
      // A node that is asked anew is looked at from the beginning.
      const isStill = [before, found].every(
        ({ phase, request }) => phase === "Waiting" && request === after.request,
      );
      if (after.phase !== "Waiting" || !isStill || (after.reasons ?? []).length > 0) return;
      violate("it says why it waits", `${name} waits and names no reason`, name);
    },
  };
}
