import assert from "node:assert/strict";
import { parseLabelSelector } from "../../../daemon/cluster/label-selector.ts";
import type { PersistentVolumeClaim } from "../../../daemon/cluster/objects.ts";
import {
  type Deployment,
  isSelectedToSurge,
  markOf,
  objectionToPod,
  planSurge,
  type ReplicaSet,
  restartPatch,
  sharedClaims,
} from "../../../daemon/drain/surge/plan.ts";
import { noon, pod } from "../builders.ts";

const revisionKey = "deployment.kubernetes.io/revision";
const mark = markOf(noon);

interface Facts {
  spec?: object;
  template?: object;
  restartedAt?: string;
  status?: object;
  metadata?: object;
}

/** With one replica and the server's defaults, in what is not said. */
function deployment({ spec, template, restartedAt, status, metadata }: Facts = {}): Deployment {
  const annotations = restartedAt && { "kubectl.kubernetes.io/restartedAt": restartedAt };
  return {
    metadata: {
      name: "cart",
      namespace: "shop",
      resourceVersion: "7",
      annotations: { [revisionKey]: "3" },
      ...metadata,
    },
    spec: {
      replicas: 1,
      selector: {},
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
      ...spec,
      template: { ...(annotations && { metadata: { annotations } }), spec: { containers: [], ...template } },
    },
    status: { ...status },
  };
}

const replicaSet = (revision = "3"): ReplicaSet => ({
  metadata: { annotations: { [revisionKey]: revision } },
});
const claim = (...accessModes: string[]): PersistentVolumeClaim => ({
  metadata: { name: "data" },
  spec: { accessModes },
});
const rolling = (maxSurge: number | string, maxUnavailable: number | string): Facts => ({
  spec: { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable } } },
});
const plan = (facts: Facts, claims: PersistentVolumeClaim[] = [], revision = "3") =>
  planSurge({ replicaSet: replicaSet(revision), deployment: deployment(facts), claims }, mark);
const evict = (why: string) => ({ do: "evict", why: `Deployment shop/cart ${why}` });

describe("The only replica of a Deployment", () => {
  const restarts: [row: string, facts: Facts, claims?: PersistentVolumeClaim[]][] = [
    ["with the defaults of the server", {}],
    ["where its strategy is not said", { spec: { strategy: undefined } }],
    ["with a surge of one pod", rolling(1, 0)],
    ["with a share of one that is rounded up and one that is rounded down", rolling("1%", "99%")],
    ["though it was restarted before, for another drain", { restartedAt: markOf(noon - 1) }],
    ["with a volume for many nodes", {}, [claim("ReadWriteOnce", "ReadWriteMany")]],
    ["with a volume to read", {}, [claim("ReadOnlyMany")]],
  ];
  for (const [row, facts, claims] of restarts) {
    it(`is restarted ${row}`, () =>
      assert.deepEqual(plan(facts, claims), { do: "restart", deployment: "shop/cart" }));
  }

  it("is not restarted a second time in a cycle", () => {
    assert.deepEqual(plan({ restartedAt: mark }), { do: "wait", deployment: "shop/cart" });
  });

  it("is not restarted while a roll-out replaces it already", () => {
    assert.deepEqual(plan({}, [], "2"), { do: "wait", deployment: "shop/cart" });
  });

  const progressing = { type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" };
  const rows: [row: string, facts: Facts, why: string, claims?: PersistentVolumeClaim[]][] = [
    ["is being deleted", { metadata: { deletionTimestamp: "2026-11-24T12:00:00Z" } }, "is being deleted"],
    ["is paused", { spec: { paused: true } }, "is paused"],
    ["goes first", { spec: { strategy: { type: "Recreate" } } }, "has the strategy Recreate"],
    ["has no surge", rolling(0, 1), "has maxSurge 0"],
    ["has a surge of no share", rolling("0%", 1), "has maxSurge 0%"],
    ["may be away", rolling(1, 1), "has maxUnavailable 1"],
    ["may be away as a whole", rolling(1, "100%"), "has maxUnavailable 100%"],
    ["is stuck", { status: { conditions: [progressing] } }, "does not progress (ProgressDeadlineExceeded)"],
    [
      "has data of the host",
      { template: { volumes: [{ name: "logs", hostPath: { path: "/var/log" } }] } },
      "has the hostPath volume logs",
    ],
    ["names its node", { template: { nodeName: "n1" } }, "is bound to node n1"],
    [
      "selects its node",
      { template: { nodeSelector: { "kubernetes.io/hostname": "n1" } } },
      "is bound to node n1",
    ],
    [
      "has a volume for one node",
      {},
      "has the volume claim data (ReadWriteOnce), which two nodes cannot use at a time",
      [claim("ReadWriteOnce")],
    ],
    [
      "has a volume for one pod",
      {},
      "has the volume claim data (ReadWriteOncePod), which two nodes cannot use at a time",
      [claim("ReadWriteMany"), claim("ReadWriteOncePod")],
    ],
  ];
  for (const [row, facts, why, claims] of rows) {
    it(`is evicted as ever where it ${row}`, () => assert.deepEqual(plan(facts, claims), evict(why)));
  }

  it("is one of several where nothing is said", () => {
    assert.deepEqual(plan({ spec: { replicas: 2 } }), { do: "evict", why: undefined });
  });
});

describe("A pod of --surge-selector", () => {
  const rows: [
    row: string,
    pod: ReturnType<typeof pod>,
    objection: { why: string | undefined } | undefined,
  ][] = [
    ["may be replaced where a ReplicaSet controls it", pod(), undefined],
    ["has no controller", pod({ ownedBy: "nobody" }), { why: "it has no controller" }],
    [
      "belongs to another controller",
      pod({ operator: { apiVersion: "apps/v1", kind: "StatefulSet", name: "db" } }),
      { why: "it belongs to StatefulSet db, not to a Deployment" },
    ],
    [
      "tolerates the cordon",
      pod({ spec: { tolerations: [{ operator: "Exists" }] } }),
      { why: "it tolerates the cordon, so the new pod may come to this node too" },
    ],
    ["is not Ready", pod({ ready: false }), { why: undefined }],
    ["has finished", pod({ phase: "Succeeded" }), { why: undefined }],
    ["is terminating", pod({ endsIn: 10 }), { why: undefined }],
  ];
  for (const [row, one, objection] of rows) it(row, () => assert.deepEqual(objectionToPod(one), objection));

  it("is found by its labels", () => {
    const selector = parseLabelSelector("app in (cart, till)");
    assert.ok(isSelectedToSurge(pod({ app: "cart" }), { selector }));
    assert.ok(!isSelectedToSurge(pod({ app: "web" }), { selector }));
  });
});

describe("The restart of a Deployment", () => {
  it("names the version that was read, and changes one annotation of the template", () => {
    assert.deepEqual(restartPatch(deployment(), mark), {
      metadata: { resourceVersion: "7" },
      spec: {
        template: {
          metadata: { annotations: { "kubectl.kubernetes.io/restartedAt": "2026-11-24T12:00:00.000Z" } },
        },
      },
    });
  });

  it("looks at the claims that all its pods share", () => {
    const volumes = [
      { name: "a", persistentVolumeClaim: { claimName: "data" } },
      { name: "b", ephemeral: {} },
      { name: "c", emptyDir: {} },
    ];
    assert.deepEqual(sharedClaims(deployment({ template: { volumes } })), ["data"]);
  });
});
