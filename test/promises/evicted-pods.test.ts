import assert from "node:assert/strict";
import { minutes, nodeObject, object, stage, startedAt } from "./builders.ts";
import { noPodGoesDown, podsAreEvicted } from "./evicted-pods.ts";

const promise = "no pod goes down with its node";

describe("The promise that pods are evicted is broken by", () => {
  const rebootWith = (spec: object, metadata: object = {}) => {
    const made = stage();
    made.objects.set("nodes/n1", nodeObject("n1", { cordoned: true }));
    made.node("n1", { begunAt: startedAt + minutes(30) });
    const pod = object(
      "web-1",
      { spec: { nodeName: "n1", ...spec }, status: { phase: "Running" } },
      metadata,
    );
    made.objects.set("pods/default/web-1", pod);
    noPodGoesDown(made.look).onReboot?.("n1");
    return made.broken();
  };

  it("a reboot under a running pod", () => {
    assert.deepEqual(rebootWith({}), [promise]);
    assert.deepEqual(rebootWith({ nodeName: "n2" }), []);
  });

  it("no reboot under a pod that is stopping, is of the node, or comes back whatever is done", () => {
    const later = new Date(startedAt + minutes(40)).toISOString();
    assert.deepEqual(rebootWith({}, { deletionTimestamp: later }), []);
    assert.deepEqual(rebootWith({}, { annotations: { "kubernetes.io/config.mirror": "x" } }), []);
    const tolerations = [{ operator: "Exists" }];
    assert.deepEqual(rebootWith({ tolerations }, { creationTimestamp: later }), []);
    assert.deepEqual(rebootWith({ tolerations }), [promise]);
  });

  it("a pod that was killed, and one that was deleted on a node that drains", () => {
    const { look, broken } = stage();
    const checker = podsAreEvicted(look, (node) => node === "n1");
    checker.onPodKilled?.({ pod: "default/web-1", node: "n1", wasStopping: false });
    checker.onPodDeleted?.({ pod: "default/web-1", node: "n1" });
    checker.onPodDeleted?.({ pod: "default/web-2", node: "n2" });
    assert.deepEqual(broken(), [promise, "pods are evicted"]);
  });
});
