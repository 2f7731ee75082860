import assert from "node:assert/strict";
import { parseSettings, type RawOptions } from "../../../daemon/config/settings.ts";
import { failuresMax } from "../../../daemon/lock/failures.ts";
import { everyRow } from "../../rows.ts";

function placeOf(options: RawOptions) {
  const { place } = parseSettings({ "node-id": "n1", ...options }).lock;
  return `${place.kind} ${place.namespace}/${place.name} ${place.annotation}`;
}

describe("The options about the lock", () => {
  it("say where it is", () =>
    everyRow<[RawOptions, string]>(
      [
        ["on a Lease of its own", {}, "lease kube-system/rebootd rebootd.dev/lock"],
        ["in the namespace of rebootd", { namespace: "ops" }, "lease ops/rebootd rebootd.dev/lock"],
        ["on another Lease", { "lock-object": "lease/pool-a" }, "lease kube-system/pool-a rebootd.dev/lock"],
        [
          "kured's own, in kured's words",
          { "ds-name": "kured", "ds-namespace": "ops" },
          "daemonset ops/kured weave.works/kured-node-lock",
        ],
        [
          "kured's own, in ours",
          { "lock-object": "daemonset/kured" },
          "daemonset kube-system/kured weave.works/kured-node-lock",
        ],
        [
          "another annotation",
          { "lock-object": "daemonset/kured", "lock-annotation": "example.com/lock" },
          "daemonset kube-system/kured example.com/lock",
        ],
      ],
      (options, place) => assert.equal(placeOf(options), place),
    ));

  it("halt after at most as many failures as the lock keeps", () => {
    const haltAfter = (failures: number) =>
      parseSettings({
        "node-id": "n1",
        "halt-after-failures": `${failures}`,
        "halt-after-failed-drains": `${failures}`,
      }).lock.haltAfter;
    assert.deepEqual(haltAfter(failuresMax), { reboots: failuresMax, drains: failuresMax });
    assert.throws(() => haltAfter(failuresMax + 1), /--halt-after-failures: must be .* to 20, /);
  });
});
