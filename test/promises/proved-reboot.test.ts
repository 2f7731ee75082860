import assert from "node:assert/strict";
import { nodeObject, record, stage } from "./builders.ts";
import { rebootIsProved } from "./proved-reboot.ts";

describe("P3, a reboot is proved, is broken by", () => {
  const settling = (bootID: string, node: { bootID: string; ready?: boolean }) => {
    const { look, machines, objects, broken } = stage();
    machines.set("n1", { bootID: "boot-2" });
    objects.set("nodes/n1", nodeObject("n1", node));
    rebootIsProved(look).onRecord?.(record({ phase: "Returning", bootID }, { phase: "Settling" }));
    return broken();
  };

  it("a daemon that says so under the boot ID from before", () => {
    assert.deepEqual(settling("boot-2", { bootID: "boot-2" }), ["a reboot is proved"]);
    assert.deepEqual(settling("boot-1", { bootID: "boot-2" }), []);
  });

  it("a node that is returned to service before it is Ready under this boot", () => {
    const promise = "a node is returned to service Ready";
    assert.deepEqual(settling("boot-1", { bootID: "boot-1" }), [promise]);
    assert.deepEqual(settling("boot-1", { bootID: "boot-2", ready: false }), [promise]);
  });
});
