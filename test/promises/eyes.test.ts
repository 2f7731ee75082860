import assert from "node:assert/strict";
import { readinessTaints } from "../../daemon/annotations/readiness-taints.ts";
import { everyRow } from "../rows.ts";
import { object } from "./builders.ts";
import { isKeptOff } from "./eyes.ts";

describe("The eyes of the promises", () => {
  const tainted = (key: string) => object("n1", { spec: { taints: [{ key, effect: "NoSchedule" }] } });

  it("see that others keep pods off a node, by each taint that the return waits for", () =>
    everyRow(
      readinessTaints.map(({ key }) => [key, key.replace("*", "storage")] as const),
      (key) => assert.ok(isKeptOff(tainted(key))),
    ));

  it("see it by no other taint", () => {
    for (const key of ["ToBeDeletedByClusterAutoscaler", "node.kubernetes.io/unschedulable", "test/soft"])
      assert.ok(!isKeptOff(tainted(key)), key);
    assert.ok(!isKeptOff(object("n1", { spec: {} })));
  });
});
