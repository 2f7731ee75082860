/** P3, a reboot is proved: success means that the boot ID changed, and that the node is Ready under the new one. */
import { at, text } from "../kubernetes/api/object.ts";
import type { Checker, Look } from "./checker.ts";
import { isReady } from "./eyes.ts";

export function rebootIsProved({ view, of, isRecent, violate }: Look): Checker {
  return {
    onRecord({ name, before, after }) {
      if (after.phase !== "Settling" || before.phase === "Settling") return;
      const bootID = view.machine(name).boots.at(-1)?.bootID;
      if (before.bootID === bootID || of(name).enteredUnder === bootID) {
        violate("a reboot is proved", `${name} is said to have rebooted, and has not`, name);
      }
      const stored = view.stored("nodes", name);
      const isBack = text(at(stored, "status", "nodeInfo", "bootID")) === bootID && isReady(stored);
      // It was uncordoned before, and the restore has taken away what says so.
      if (!isBack && !isRecent(name, of(name).restoredAt)) {
        const message = `${name} was returned to service before it was Ready under this boot`;
        violate("a node is returned to service Ready", message, name);
      }
    },
  };
}
