import assert from "node:assert/strict";
import { lockPlaceOf } from "../../daemon/config/lock-place.ts";
import { ConfigError, parseConfig, type RawOptions } from "../../daemon/config/options.ts";

function placeOf(options: RawOptions) {
  const { kind, namespace, name, annotation } = lockPlaceOf(parseConfig({ "node-id": "n1", ...options }));
  return `${kind} ${namespace}/${name} ${annotation}`;
}

describe("The lock", () => {
  const rows: [what: string, options: RawOptions, place: string][] = [
    ["is on a Lease of its own", {}, "lease kube-system/rebootd rebootd.dev/lock"],
    ["is in the namespace of rebootd", { namespace: "ops" }, "lease ops/rebootd rebootd.dev/lock"],
    [
      "may be on another Lease",
      { "lock-object": "lease/pool-a" },
      "lease kube-system/pool-a rebootd.dev/lock",
    ],
    [
      "may be kured's own, in kured's words",
      { "ds-name": "kured", "ds-namespace": "ops" },
      "daemonset ops/kured weave.works/kured-node-lock",
    ],
    [
      "may be kured's own, in ours",
      { "lock-object": "daemonset/kured" },
      "daemonset kube-system/kured weave.works/kured-node-lock",
    ],
    [
      "may be another annotation",
      { "lock-object": "daemonset/kured", "lock-annotation": "example.com/lock" },
      "daemonset kube-system/kured example.com/lock",
    ],
  ];
  for (const [what, options, place] of rows) it(what, () => assert.equal(placeOf(options), place));

  it("cannot be in two places", () => {
    assert.throws(() => placeOf({ "lock-object": "lease/a", "ds-name": "kured" }), ConfigError);
  });
});
