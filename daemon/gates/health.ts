import type { HealthCondition } from "../health/condition.ts";
import type { LookAtHealth, Unwell } from "../health/look.ts";
import { firstOf } from "../text/list.ts";
import type { Gate } from "./gate.ts";

/** Each condition makes requests of its own. */
const deadlineMs = 30_000;
const messagesMax = 3;

/**
 * Closed unless every condition holds. An urgent request does not pass it: a reboot beside a broken storage
 * may lose data. At the `slot` the node that has its turn asks; at the `return` the node that is back.
 */
export function healthGate(
  look: LookAtHealth,
  conditions: readonly HealthCondition[],
  stage: "slot" | "return",
): Gate<"health"> {
  return {
    name: "health",
    stages: [stage],
    cost: "remote",
    deadlineMs,
    async check(_, signal) {
      const unwell = await look(conditions, signal);
      // A finding that is certain goes before those that are not.
      const isCertain = ({ code }: Unwell) => code === "unhealthy";
      const [first, ...others] = [...unwell.filter(isCertain), ...unwell.filter((one) => !isCertain(one))];
      if (first === undefined) return { open: true };
      const messages = [first, ...others].map(({ message }) => message);
      return { open: false, code: first.code, message: firstOf(messages, messagesMax, "; ") };
    },
  };
}
