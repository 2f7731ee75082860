import assert from "node:assert/strict";
import {
  downWithSlot,
  noCordonWithoutSlot,
  noMoreDownThanAllowed,
  noMoreSlotsThanAllowed,
} from "./at-most-n-down.ts";
import { entering, holder, stage } from "./builders.ts";

describe("P1, never too many down, is broken by", () => {
  it("a daemon that cordons without a slot, unless somebody took the slot a moment ago", () => {
    const { look, holders, node, broken, now } = stage();
    const checker = noCordonWithoutSlot(look);
    checker.onCordoned?.("n1", "daemon");
    assert.deepEqual(broken(), ["no cordon without a slot"]);
    checker.onCordoned?.("n1", "person");
    node("n1", { robbedAt: now - 10_000 });
    checker.onCordoned?.("n1", "daemon");
    holders.add("n2");
    checker.onCordoned?.("n2", "daemon");
    assert.deepEqual(broken(), []);
  });

  it("a daemon that enters a full lock, but not by one whose machine comes back", () => {
    const { look, broken } = stage();
    const checker = noMoreSlotsThanAllowed(look);
    const after = [holder("n2"), holder("n1")];
    checker.onEntered?.(entering({ after, slots: 1 }));
    assert.deepEqual(broken(), ["no more slots than allowed"]);
    checker.onEntered?.(entering({ after, slots: 2 }));
    checker.onEntered?.(entering({ after, slots: 1, isReturn: true }));
    assert.deepEqual(broken(), []);
  });

  it("a daemon whose node is cordoned and has no slot, unless a person took it", () => {
    const { look, holders, node, broken } = stage();
    const checker = downWithSlot(look);
    node("n1", { cordoner: "daemon" });
    checker.onChanged?.();
    assert.deepEqual(broken(), ["down with a slot"]);
    holders.add("n1");
    node("n2", { cordoner: "person" });
    node("n3", { cordoner: "daemon", robbedAt: 1 });
    checker.onChanged?.();
    assert.deepEqual(broken(), []);
  });

  it("more nodes between cordon and release than may be, once for each further one", () => {
    const { look, broken } = stage();
    let down = ["n1"];
    const checker = noMoreDownThanAllowed(look, { limit: 1, down: () => down });
    const count = () => {
      checker.onChanged?.();
      return broken().length;
    };
    const counts = [["n1"], ["n1", "n2"], ["n1", "n2"], ["n1", "n2", "n3"], ["n1"], ["n1", "n2"]].map(
      (now) => {
        down = now;
        return count();
      },
    );
    assert.deepEqual(counts, [0, 1, 0, 1, 0, 1]);
  });
});
