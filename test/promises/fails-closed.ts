/** P9, fails closed: a lock that cannot be read is left as it is. */
import type { Checker, Look } from "./checker.ts";
import { isUnreadable, lockIn } from "./eyes.ts";

export function unreadableLockStays({ violate }: Pick<Look, "violate">): Checker {
  return {
    onLock({ writer, object, previous }) {
      if (!isUnreadable(previous) || lockIn(previous) === lockIn(object)) return;
      violate("what cannot be read is left alone", `${writer} has overwritten ${lockIn(previous)}`);
    },
  };
}
