import { pausedText, pauseNow } from "../annotations/pause.ts";
import { type ForeseenGate, foreseen } from "./gate.ts";

/** Closed while the own Node has the annotation. */
export const pausedGate: ForeseenGate<"paused"> = foreseen({
  name: "paused",
  stages: ["start", "drain", "reboot"],
  cost: "local",
  answer({ paused, now }) {
    const pause = pauseNow(paused, now);
    if (pause === undefined) return { open: true };
    return {
      open: false,
      code: "node",
      message: `this node is ${pausedText(pause)}`,
      changesAt: pause.until,
    };
  },
});
