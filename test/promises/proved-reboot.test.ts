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

  it("a daemon that counts no soft reboot, or calls one a full one, or a full one that", () => {
    const ended = (softReboots: number, from: { bootID: string; softReboots?: number }, says: string) => {
      const { look, machines, objects, broken, node } = stage();
      machines.set("n1", { bootID: "boot-2", softReboots });
      node("n1", { enteredUnder: from.bootID, enteredAfter: from.softReboots ?? 0 });
      objects.set("nodes/n1", nodeObject("n1", { bootID: "boot-2" }));
      const outcome = { result: "rebooted", message: `${says}, Ready and uncordoned` };
      rebootIsProved(look).onRecord?.(
        record({ phase: "Returning", ...from }, { phase: "Settling", outcome }),
      );
      return broken();
    };
    const unproved = ["a reboot is proved"];
    const misnamed = ["a soft reboot is called one"];
    assert.deepEqual(ended(1, { bootID: "boot-2", softReboots: 0 }, "soft-rebooted"), []);
    assert.deepEqual(ended(1, { bootID: "boot-2", softReboots: 1 }, "soft-rebooted"), unproved);
    assert.deepEqual(ended(1, { bootID: "boot-2" }, "rebooted"), unproved);
    assert.deepEqual(ended(1, { bootID: "boot-2", softReboots: 0 }, "rebooted"), misnamed);
    assert.deepEqual(ended(0, { bootID: "boot-1", softReboots: 0 }, "rebooted"), []);
    assert.deepEqual(ended(0, { bootID: "boot-1", softReboots: 0 }, "soft-rebooted"), misnamed);
  });

  it("a node that is returned to service before it is Ready under this boot", () => {
    const promise = "a node is returned to service Ready";
    assert.deepEqual(settling("boot-1", { bootID: "boot-1" }), [promise]);
    assert.deepEqual(settling("boot-1", { bootID: "boot-2", ready: false }), [promise]);
  });
});
