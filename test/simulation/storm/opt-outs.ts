/** Pods that ask for time, daemons that wait for them, and pods of a DaemonSet that are to stop. */
import type { RawOptions } from "../../../daemon/config/settings.ts";
import { stoppedApp } from "../../promises/evicted-pods.ts";
import type { Draw } from "./draw.ts";

const hows = ["karpenter", "autoscaler", "job"] as const;

/** A pod comes to the node that asks for time, and ends by itself. */
export interface OptOutTrouble {
  kind: "opted-out";
  node: string;
  how: (typeof hows)[number];
  for: number;
}

export const optOutKinds = ["opted-out"] as const;

export const optOutDraws = {
  "opted-out": ({ node, oneOf, integer }: Draw): OptOutTrouble => {
    return { kind: "opted-out", node: node(), how: oneOf(...hows), for: integer(60, 280) };
  },
};

/** The options of all daemons of such a storm. */
export function drawOptOutOptions({ oneOf, integer }: Draw): RawOptions {
  const late = oneOf("go-on", "give-up");
  return { "wait-for-opt-outs": `${integer(60, 280)}s`, "opt-outs-late": late };
}

export const stopOptions = { "daemonset-stop-selector": `app=${stoppedApp}` } as const satisfies RawOptions;
