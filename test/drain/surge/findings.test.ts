import assert from "node:assert/strict";
import type { Pod } from "../../../daemon/cluster/objects.ts";
import { planDrain } from "../../../daemon/drain/preflight.ts";
import type { SurgePlan } from "../../../daemon/drain/surge/plan.ts";
import { budget, factsOf, node, pod } from "../builders.ts";

const only = pod({ name: "cart-1" });
const never = budget({
  spec: { minAvailable: 1 },
  status: { disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
});
const restart: SurgePlan = { do: "restart", deployment: "shop/cart" };

function findingsOf(plan: SurgePlan | undefined, more: object = {}) {
  const surges = new Map<Pod, SurgePlan>(plan && [[only, plan]]);
  const { blocked, pods } = planDrain({ ...factsOf([only]), surges, budgets: [never], ...more });
  return { blocked, findings: pods.flatMap(({ findings }) => findings) };
}

describe("A pod that a roll-out replaces, in the plan", () => {
  it("is kept by no budget", () => {
    const { blocked, findings } = findingsOf(restart);
    assert.equal(blocked, false);
    assert.deepEqual(findings, [
      {
        code: "surged",
        message:
          "goes once a roll-out of Deployment shop/cart has put another in its place (--surge-selector)",
        blocks: false,
      },
    ]);
  });

  it("is kept by its budget where the new one has nowhere to run", () => {
    const { findings } = findingsOf(restart, { cluster: { nodes: [node({ cordoned: true })], pods: [] } });
    assert.deepEqual(findings.map(({ code, blocks }) => `${code} ${blocks}`).sort(), [
      "budget-no-room true",
      "nowhere-to-go false",
      "surged false",
    ]);
  });

  const rows: [row: string, plan: SurgePlan, why: RegExp][] = [
    [
      "can be none",
      { do: "evict", why: "it is paused" },
      /no roll-out can replace it first, as it is paused$/,
    ],
    [
      "is under way already",
      { do: "wait", deployment: "shop/cart" },
      /as a roll-out of Deployment shop\/cart is under way$/,
    ],
  ];
  for (const [row, plan, why] of rows) {
    it(`is kept by its budget where the roll-out ${row}, and the message says so`, () => {
      const { blocked, findings } = findingsOf(plan);
      assert.equal(blocked, true);
      assert.equal(findings[0]?.code, "budget-never");
      assert.match(findings[0]?.message ?? "", why);
    });
  }

  it("is named where there is none and no budget", () => {
    const { blocked, findings } = findingsOf({ do: "evict", why: "it is paused" }, { budgets: [] });
    assert.equal(blocked, false);
    assert.deepEqual(
      findings.map(({ code, message }) => `${code}: ${message}`),
      ["not-surged: is evicted without a roll-out before, as it is paused (--surge-selector)"],
    );
  });

  it("is as any other where nothing is said", () => {
    assert.deepEqual(findingsOf({ do: "evict", why: undefined }), findingsOf(undefined));
  });
});
