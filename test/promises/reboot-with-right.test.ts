import assert from "node:assert/strict";
import { everyRow } from "../rows.ts";
import {
  entering,
  holder,
  lockObject,
  manual,
  minutes,
  nodeObject,
  record,
  stage,
  startedAt,
} from "./builders.ts";
import type { Checker, Look } from "./checker.ts";
import {
  noRebootOfNodeTakenAway,
  noRebootOfPausedNode,
  noRebootOutsideWindow,
  noRebootWithoutCordon,
  noRebootWithoutNeed,
  noRebootWithoutNode,
  noRebootWithoutSlot,
  noStartWhilePausedOrHalted,
  recordSaysThatItReboots,
} from "./reboot-with-right.ts";

/** A node that may be rebooted now. */
function ready(isWindowOpen = true) {
  const made = stage({ isWindowOpen: () => isWindowOpen });
  made.holders.add("n1");
  made.node("n1", { isNeeded: true });
  made.objects.set("nodes/n1", nodeObject("n1", { cordoned: true, record: { phase: "Rebooting" } }));
  return made;
}

describe("P4, no reboot without right, is broken by a reboot", () => {
  type Made = ReturnType<typeof ready>;
  const all = [
    noRebootOfPausedNode,
    noRebootOutsideWindow,
    noRebootWithoutCordon,
    noRebootWithoutNeed,
    noRebootWithoutNode,
    (look: Look): Checker =>
      noRebootWithoutSlot(look, (name) => look.view.stored("nodes", name) !== undefined),
    recordSaysThatItReboots,
  ];
  const reboot = ({ look, broken }: Made) => {
    for (const checker of all) checker(look).onReboot?.("n1");
    return broken();
  };
  const change = (facts: object) => (made: Made) =>
    made.objects.set(
      "nodes/n1",
      nodeObject("n1", { cordoned: true, record: { phase: "Rebooting" }, ...facts }),
    );
  const wrongs: [string, (made: Made) => unknown, string][] = [
    ["without a slot", ({ holders }) => holders.clear(), "no reboot without a slot"],
    ["without a cordon", change({ cordoned: false }), "no reboot of a node that is not cordoned"],
    ["without its Node", ({ objects }) => objects.clear(), "no reboot without its Node"],
    ["without need", ({ node }) => node("n1", { isNeeded: false }), "no reboot without need"],
    ["of a paused node", ({ node }) => node("n1", { pausedSince: startedAt }), "no reboot of a paused node"],
    [
      "while all are paused",
      ({ pauses }) => pauses.set("kube-system/rebootd", startedAt),
      "no reboot of a paused node",
    ],
    ["in another phase", change({ record: { phase: "Draining" } }), "the record says that it reboots"],
  ];

  it("that has one thing wrong, and by that alone", () =>
    everyRow(wrongs, (spoil, promise) => {
      const made = ready();
      assert.deepEqual(reboot(made), []);
      spoil(made);
      assert.deepEqual(reboot(made), [promise]);
    }));

  it("outside the window, unless the request is urgent", () => {
    const made = ready(false);
    assert.deepEqual(reboot(made), ["no reboot outside the window"]);
    change({ annotations: { "rebootd.dev/reboot-requested": "urgent" } })(made);
    assert.deepEqual(reboot(made), []);
  });

  it("that has something wrong for longer than a daemon may take to see it", () => {
    const made = ready();
    made.holders.clear();
    made.node("n1", { robbedAt: made.now - 10_000 });
    assert.deepEqual(reboot(made), []);
    made.now += minutes(1);
    assert.deepEqual(reboot(made), ["no reboot without a slot"]);
  });

  it("that a record announces for a node without a cordon", () => {
    const { look, broken } = stage();
    const checker = noRebootWithoutCordon(look);
    const [before, after] = [{ phase: "Draining" }, { phase: "Rebooting" }] as const;
    checker.onRecord?.(record(before, after, { isCordoned: false }));
    assert.deepEqual(broken(), ["no reboot of a node that is not cordoned"]);
    checker.onRecord?.(record(before, after));
    assert.deepEqual(broken(), []);
  });
});

describe("P4, no reboot without right, is broken by a daemon that enters", () => {
  const failures = JSON.stringify([{ during: "drain" }, { during: "drain" }, { during: "drain" }]);
  const wrongs: [string, Parameters<typeof entering>[0], string][] = [
    [
      "while all are paused",
      { previous: lockObject({}, { "rebootd.dev/paused": "true" }) },
      "a pause of all holds",
    ],
    ["after a halt", { previous: lockObject({}, { "rebootd.dev/failures": failures }) }, "a halt holds"],
    ["beside a manual entry", { after: [manual("me"), holder("n1")] }, "a lock set by hand holds"],
  ];
  it("a lock that keeps all out, but not by one whose machine comes back", () =>
    everyRow(wrongs, (wrong, promise) => {
      const { look, broken } = stage();
      const checker = noStartWhilePausedOrHalted(look);
      checker.onEntered?.(entering(wrong));
      assert.deepEqual(broken(), [promise]);
      checker.onEntered?.(entering({ ...wrong, isReturn: true }));
      checker.onEntered?.(entering());
      assert.deepEqual(broken(), []);
    }));
});

describe("P4, no reboot without right, is broken by the request for a reboot", () => {
  const asked = nodeObject("n1", { record: { phase: "Rebooting", askedAt: "2026-11-24T12:00:00.000Z" } });
  const drained = nodeObject("n1", { record: { phase: "Rebooting" } });
  const tainted = {
    ...asked,
    spec: { taints: [{ key: "karpenter.sh/disrupted", effect: "NoSchedule" }] },
  };
  const rows = [
    ["of a node that is taken away", tainted, drained, ["no reboot of a node that is taken away"]],
    ["but not of another one", asked, drained, []],
    ["but not where it was asked before", tainted, asked, []],
  ] as const;

  it("as it is recorded", () =>
    everyRow(rows, (object, previous, promises) => {
      const { look, broken } = ready();
      const change = { name: "n1", writer: "n1", isRestored: false, object, previous };
      noRebootOfNodeTakenAway(look).onNode?.(change);
      assert.deepEqual(broken(), promises);
    }));
});
