import assert from "node:assert/strict";
import { entering, holder, minutes, nodeObject, stage } from "./builders.ts";
import { downIsDown } from "./down-is-down.ts";

describe("P10, down is down, is broken by", () => {
  /** n2 was asked to reboot, by its daemon or by somebody else. */
  const asked = (cause: "command" | "person" = "command") => {
    const made = stage();
    const checker = downIsDown(made.look);
    made.machines.set("n2", { bootID: "boot-1", isGoingDown: true });
    checker.onMachineEvent?.({ type: "going-down", machine: "n2", at: made.now, bootID: "boot-1", cause });
    return { ...made, checker, made };
  };
  const release = { writer: "n2", entry: holder("n2") };

  it("a node that enters while another is down, though the lock has lost that", () => {
    const { checker, broken } = asked();
    checker.onEntered?.(entering());
    assert.deepEqual(broken(), ["down is down"]);
    checker.onEntered?.(entering({ slots: 2 }));
    assert.deepEqual(broken(), []);
  });

  it("a daemon that uncordons its node, or releases its slot, while its machine goes down", () => {
    const { checker, broken, made } = asked();
    made.now += 1000;
    checker.onUncordoned?.("n2", "daemon", "daemon");
    checker.onRemoved?.(release);
    assert.deepEqual(broken(), ["down is down", "down is down"]);
  });

  it("the same where somebody else has asked, once the daemon had the time to see it", () => {
    const { checker, broken, made } = asked("person");
    checker.onRemoved?.(release);
    assert.deepEqual(broken(), []);
    made.now += minutes(1);
    checker.onRemoved?.(release);
    assert.deepEqual(broken(), ["down is down"]);
  });

  it("a node that enters after a soft reboot of another, whose new kubelet has not reported that it is Ready", () => {
    const { checker, broken, made } = asked();
    const sees = (ready: boolean) => {
      const object = nodeObject("n2", { bootID: "boot-1", ready });
      checker.onNode?.({ name: "n2", writer: undefined, isRestored: false, object, previous: object });
      checker.onEntered?.(entering());
      return broken();
    };
    const booted = { type: "booted", machine: "n2", at: made.now, bootID: "boot-1", softReboots: 1 } as const;
    checker.onMachineEvent?.(booted);
    assert.deepEqual([sees(true), sees(false), sees(true)], [["down is down"], ["down is down"], []]);
    const restarted = asked();
    restarted.checker.onMachineEvent?.({ ...booted, softReboots: 0 });
    restarted.checker.onEntered?.(entering());
    assert.deepEqual(restarted.broken(), []);
  });

  it("nobody once the node is back, or a person has taken its slot away", () => {
    const { checker, broken, machines } = asked();
    machines.set("n2", { bootID: "boot-2" });
    const object = nodeObject("n2", { bootID: "boot-2" });
    checker.onNode?.({ name: "n2", writer: undefined, isRestored: false, object, previous: object });
    checker.onEntered?.(entering());
    const robbed = asked();
    robbed.checker.onExcepted?.("n2");
    robbed.checker.onEntered?.(entering());
    assert.deepEqual([broken(), robbed.broken()], [[], []]);
  });
});
