/**
 * P3, a reboot is proved: success means that the boot ID changed, or that systemd has counted a soft reboot where one was asked
 * for, and that the node is Ready after it. A soft reboot is called one, and a full one is not.
 */
import { at, text } from "../kubernetes/api/object.ts";
import type { Checker, Look } from "./checker.ts";
import { isReady } from "./eyes.ts";

export function rebootIsProved({ view, of, isRecent, violate }: Look): Checker {
  return {
    onRecord({ name, before, after }) {
      if (after.phase !== "Settling" || before.phase === "Settling") return;
      const { bootID, softReboots = 0 } = view.machine(name).boots.at(-1) ?? {};
      const { enteredUnder, enteredAfter } = of(name);
      const isFull = before.bootID !== bootID && enteredUnder !== bootID;
      const isSoft =
        before.bootID === bootID &&
        softReboots > (before.softReboots ?? Number.POSITIVE_INFINITY) &&
        (enteredUnder !== bootID || softReboots > enteredAfter);
      if (!isFull && !isSoft)
        violate("a reboot is proved", `${name} is said to have rebooted, and has not`, name);
      const saysSoft = after.outcome?.message.startsWith("soft-rebooted") === true;
      if ((isFull && saysSoft) || (isSoft && !saysSoft)) {
        const message = `${name} calls a ${isSoft ? "soft" : "full"} reboot a ${isSoft ? "full" : "soft"} one`;
        violate("a soft reboot is called one", message, name);
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
