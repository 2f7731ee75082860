import { planText } from "../../daemon/cli/plan-text.ts";
import { noTerminal } from "../../daemon/cli/terminal.ts";
import type { DrainPlan, PodPlan } from "../../daemon/drain/preflight.ts";
import { assertGolden, inWords } from "./golden.ts";

function pod(key: string, more: Partial<PodPlan> = {}): PodPlan {
  return { key, tier: 0, do: "evict", graceSeconds: 30, reasons: [], findings: [], ...more };
}

const refusal = (message: string, blocks = true) => ({ code: "budget-exhausted", message, blocks }) as const;
const budget = refusal(
  "PodDisruptionBudget shop/cart allows no disruptions: 1 of 1 pods is needed, and it is not Ready",
);

const free: DrainPlan = {
  node: "n1",
  blocked: false,
  escalation: { endAfterSeconds: 900, end: "undone" },
  estimatedSeconds: 90,
  pods: [
    pod("shop/web-1"),
    pod("shop/节点-2", {
      tier: 1,
      graceSeconds: 60,
      findings: [refusal("no other node has room for it now", false)],
    }),
    pod("kube-system/agent-1", { do: "leave", graceSeconds: undefined, reasons: ["daemonset"] }),
  ],
};
const held = [...free.pods, pod("shop/cart-0", { findings: [budget] })];

const plans: Readonly<Record<string, DrainPlan>> = {
  free,
  "with-stops": {
    ...free,
    pods: [
      ...free.pods,
      pod("shop/cache-1", {
        tier: 3,
        do: "stop",
        reasons: ["daemonset-stop"],
        findings: [
          { code: "daemonset-stop", message: "belongs to a DaemonSet and is deleted last", blocks: false },
        ],
      }),
    ],
  },
  empty: { ...free, estimatedSeconds: 0, pods: [] },
  "too-long": { ...free, estimatedSeconds: 7200 },
  blocked: { ...free, blocked: true, estimatedSeconds: undefined, pods: held },
  "blocked-then-deleted": {
    ...free,
    blocked: true,
    estimatedSeconds: undefined,
    escalation: { deleteAfterSeconds: 600, endAfterSeconds: 900, end: "reboot" },
    pods: held,
  },
  refused: {
    ...free,
    blocked: true,
    estimatedSeconds: undefined,
    pods: [
      ...free.pods,
      pod("shop/bare", {
        do: "refuse",
        reasons: ["no-controller"],
        findings: [
          {
            code: "no-controller",
            message: "no controller would start it again (--drain-force)",
            blocks: true,
          },
        ],
      }),
    ],
  },
};

describe("The plan of a drain", () => {
  for (const [name, plan] of Object.entries(plans)) {
    it(`is shown on terminals and in a pipe: ${name}`, () => {
      for (const columns of [80, 160]) {
        const terminal = { ...noTerminal, columns, hasColour: true };
        assertGolden(`plan/${name}-${columns}`, inWords(planText(plan, terminal)));
      }
    });
  }
});
