import { blocksShutdown, type Inhibitor, type Logind } from "../host/logind/logind.ts";
import { shortLine } from "../text/one-line.ts";
import type { Gate } from "./gate.ts";

/** `auto`: only where there is a bus to ask. */
export type Inhibitors = "auto" | "wait";

const shownMax = 5;

/**
 * Closed while somebody holds shutdowns back. A reboot by root, or by signal, would pass over them, so they
 * are asked first.
 */
export function inhibitorsGate(logind: Pick<Logind, "listInhibitors">, when: Inhibitors): Gate<"inhibitors"> {
  /** A bus that was there and is not any more is no sign that nothing is held. */
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
      const shown = blocking
        .slice(0, shownMax)
        .map(({ who, why }) => `${shortLine(who)} (${shortLine(why)})`);
      const more = blocking.length > shownMax ? `, and ${blocking.length - shownMax} more` : "";
      return { open: false, code: "held", message: `shutdowns are held back by ${shown.join(", ")}${more}` };
    },
  };
}
