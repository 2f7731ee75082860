import assert from "node:assert/strict";
import { minutes, nodeObject, object, stage, startedAt } from "./builders.ts";
import { noPodGoesDown, podsAreEvicted, stopsPodsOnce, waitsForOptOuts } from "./evicted-pods.ts";

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

  it("no reboot under a pod that its DaemonSet has put back after the cordon, but under one from before", () => {
    const later = new Date(startedAt + minutes(40)).toISOString();
    const ownerReferences = [{ apiVersion: "apps/v1", kind: "DaemonSet", name: "cache", uid: "c" }];
    assert.deepEqual(rebootWith({}, { ownerReferences, creationTimestamp: later }), []);
    assert.deepEqual(rebootWith({}, { ownerReferences }), [promise]);
  });

  it("a second pod of a DaemonSet that is deleted in one drain, and not in the next", () => {
    const { look, node, objects, broken } = stage();
    const history = node("n1", { begunAt: startedAt + minutes(30) });
    const checker = stopsPodsOnce(look);
    const stop = (name: string, kind = "DaemonSet") => {
      const ownerReferences = [{ apiVersion: "apps/v1", kind, name: "cache", uid: "c", controller: true }];
      objects.set(`pods/default/${name}`, object(name, {}, { ownerReferences, uid: name }));
      checker.onRequest?.("n1", `/api/v1/namespaces/default/pods/${name}`);
      return broken();
    };
    assert.deepEqual([...stop("cache-1"), ...stop("cache-1"), ...stop("web-1", "ReplicaSet")], []);
    assert.deepEqual(stop("cache-2"), ["pods of DaemonSets are stopped once"]);
    history.begunAt += minutes(10);
    assert.deepEqual(stop("cache-3"), []);
  });

  it("a start with pods that ask for time, unless it has waited for them and is to go on then", () => {
    const starts = (how: "unasked" | "waits" | "gives-up", record: object, metadata: object, facts = {}) => {
      const { look, node, objects, broken } = stage({ optOutsOf: () => how });
      node("n1", facts);
      const asking = object("ask", { spec: { nodeName: "n1" }, status: { phase: "Running" } }, metadata);
      objects.set("pods/default/ask", asking);
      const [before, after] = [{ phase: "Waiting", ...record }, { phase: "Draining" }] as const;
      const change = { name: "n1", before, found: before, after, isCordoned: true, isForged: false } as const;
      waitsForOptOuts(look).onRecord?.(change);
      return broken().length;
    };
    const asks = { annotations: { "karpenter.sh/do-not-disrupt": "true" } };
    const ofJob = { ownerReferences: [{ apiVersion: "batch/v1", kind: "Job", name: "ask", uid: "j" }] };
    const waited = { optOutsSince: new Date(startedAt).toISOString() };
    const now = new Date(startedAt + minutes(60)).toISOString();
    assert.deepEqual(
      [starts("waits", {}, asks), starts("waits", {}, ofJob), starts("waits", {}, {})],
      [1, 1, 0],
    );
    assert.deepEqual([starts("waits", waited, asks), starts("gives-up", waited, asks)], [0, 1]);
    assert.equal(starts("unasked", {}, asks), 0);
    assert.equal(starts("waits", {}, { ...asks, creationTimestamp: now }), 0);
    assert.equal(starts("gives-up", {}, asks, { urgentAt: startedAt + minutes(60) }), 0);
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
