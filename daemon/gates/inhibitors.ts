import { blocksShutdown, type Inhibitor, type Logind } from "../host/logind/logind.ts";
import { firstOf } from "../text/list.ts";
import { shortLine } from "../text/one-line.ts";
import type { Gate } from "./gate.ts";

/** `auto`: a machine without a D-Bus socket has no inhibitors. `wait`: there the gate is closed. */
export type Inhibitors = "auto" | "wait";

const shownMax = 5;

/**
 * Closed while an inhibitor lock blocks shutdowns. A reboot by root or by signal would ignore such locks, so
 * the gate reads them first.
 */
export function inhibitorsGate(logind: Pick<Logind, "listInhibitors">, when: Inhibitors): Gate<"inhibitors"> {
  /** A bus that has disappeared does not prove that no lock is held. */
  let isExpected = when === "wait";
  return {
    name: "inhibitors",
    stages: ["start", "reboot"],
    cost: "local",
    isTransient: true,
    async check(_, signal) {
      let inhibitors: Inhibitor[];
      try {
        inhibitors = await logind.listInhibitors(signal);
      } catch (error) {
        if (!isExpected && (error as { code?: unknown }).code === "no-bus") return { open: true };
        isExpected = true;
        throw error;
      }
      isExpected = true;
      const blocking = inhibitors.filter(blocksShutdown);
      if (blocking.length === 0) return { open: true };
      const locks = blocking.map(({ who, why }) => `${shortLine(who)} (${shortLine(why)})`);
      return { open: false, code: "held", message: `shutdowns are blocked by ${firstOf(locks, shownMax)}` };
    },
  };
}
