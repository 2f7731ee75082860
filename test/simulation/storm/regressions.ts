import type { Scenario } from "./scenario.ts";

/** Storms that have found a defect, made as short as they can be; by what they have shown. */
export const regressions: Readonly<Record<string, Scenario>> = {
  "a node that a person uncordons while it is down, and cordons when it is back, stays cordoned": {
    seed: 1907,
    nodes: 2,
    concurrency: 1,
    options: { "drain-delay": "3s" },
    skewMs: {},
    replicas: 0,
    troubles: [
      { at: 8.6, once: { node: "n1", phase: "Rebooting" }, kind: "no-boot", node: "n1", for: 67 },
      { at: 22.4, once: { node: "n1", phase: "Returning" }, kind: "cordon", node: "n1", for: 116 },
      { at: 78, kind: "want", node: "n1" },
      { at: 91.5, kind: "budget", for: 365 },
      { at: 112, kind: "want", node: "n2" },
      { at: 136, kind: "uncordon", node: "n1" },
    ],
  },
};
