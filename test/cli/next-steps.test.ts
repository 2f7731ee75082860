import assert from "node:assert/strict";
import { examples } from "../../daemon/cli/examples.ts";
import { nextSteps, stepsFor } from "../../daemon/cli/next-steps.ts";
import { allReasons } from "./fixture-clusters.ts";

const facts = {
  node: "worker-1",
  namespace: "kube-system",
  lock: "lease/rebootd",
  pod: "rebootd-x",
  podNamespace: "kube-system",
};
const commandsFor = (gate: string, code: string, message = "", more = {}) =>
  nextSteps({ ...facts, ...more }, [], [{ gate, code, message }], "Waiting").map(({ command }) => command);

describe("The next step", () => {
  it("is known for each reason", () => {
    const without = allReasons.filter((reason) => stepsFor(reason).length === 0);
    assert.deepEqual(without, []);
  });

  it("names only subcommands of rebootd that there are", () => {
    const named = allReasons.flatMap((reason) =>
      stepsFor(reason).flatMap(({ command }) => /^rebootd (\w+)/.exec(command)?.[1] ?? []),
    );
    const unknown = [...new Set(named)].filter((name) => !Object.hasOwn(examples, name));
    assert.deepEqual(unknown, []);
  });

  it("shows the budget that the reason names, else the plan", () => {
    const message = "shop/cart-0: PodDisruptionBudget shop/cart allows no disruption";
    assert.deepEqual(commandsFor("disruption", "budget-exhausted", message), [
      "kubectl -n shop get pdb cart",
    ]);
    assert.deepEqual(commandsFor("disruption", "budget-exhausted"), ["rebootd plan worker-1"]);
  });

  it("is to explain the holder, else the status", () => {
    assert.deepEqual(commandsFor("lock", "lock-taken", "", { holder: "worker-2" }), [
      "rebootd explain worker-2",
    ]);
    assert.deepEqual(commandsFor("lock", "lock-taken"), ["rebootd status"]);
  });

  it("has no name in it that a shell would not take for a word", () => {
    const message = "before the reboot: $(reboot)";
    assert.deepEqual(commandsFor("hooks", "before", message), ["rebootd status --watch"]);
    assert.deepEqual(commandsFor("lock", "lock-taken", "", { holder: "a;reboot" }), ["rebootd status"]);
  });

  it("is that of the phase for a reason of another version", () =>
    assert.deepEqual(commandsFor("moon", "full"), ["rebootd status --watch"]));

  it("is first the one for a trouble, and there are at most three", () => {
    const reasons = allReasons.map(({ gate, code }) => ({ gate, code, message: "" }));
    const steps = nextSteps(facts, ["daemon-crashed"], reasons, "Waiting");
    assert.equal(steps.length, 3);
    assert.equal(steps[0]?.command, "kubectl -n kube-system logs rebootd-x --previous");
  });
});
