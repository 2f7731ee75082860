import assert from "node:assert/strict";
import { explainNode, type NodeFindings } from "../../daemon/cli/explain-node.ts";
import type { WholeNode, WholePod } from "../../daemon/cluster/objects.ts";
import { type CycleRecord, idleRecord, writeRecord } from "../../daemon/cycle/record.ts";
import { parseFailures } from "../../daemon/lock/failures.ts";
import { parseLock } from "../../daemon/lock/lock.ts";

const noon = Date.parse("2026-11-24T12:00:00.000Z");
const ago = (minutes: number) => new Date(noon - minutes * 60_000).toISOString();

const ready = { conditions: [{ type: "Ready", status: "True" }] };
const place = {
  kind: "lease",
  namespace: "kube-system",
  name: "rebootd",
  annotation: "rebootd.dev/lock",
} as const;
const daemonOn = (node: string, status: WholePod["status"] = ready): WholePod => ({
  metadata: { namespace: "kube-system", name: `rebootd-${node}` },
  spec: { nodeName: node, containers: [] },
  status,
});
const crashing: WholePod["status"] = {
  phase: "Running",
  containerStatuses: [
    {
      name: "rebootd",
      image: "rebootd",
      imageID: "",
      ready: false,
      restartCount: 12,
      state: { waiting: { reason: "CrashLoopBackOff" } },
      lastState: { terminated: { exitCode: 2 } },
    },
  ],
};
const silent = (minutes: number) => ({
  conditions: [{ type: "Ready", status: "Unknown", lastTransitionTime: ago(minutes) }],
});
const nodeCalled = (name: string, status: WholeNode["status"] = ready): [string, WholeNode] => [
  name,
  { metadata: { name }, status },
];
const lockLine = "the lock, lease/rebootd in kube-system: free";

interface Facts extends Partial<Omit<NodeFindings, "node">> {
  record?: Partial<CycleRecord> | string;
  unschedulable?: boolean;
  isReady?: boolean;
  annotations?: Record<string, string>;
}

function explained({
  record,
  unschedulable = false,
  isReady = true,
  annotations: more,
  ...rest
}: Facts): string[] {
  const written =
    typeof record === "object" ? writeRecord({ ...idleRecord(noon - 600_000), ...record }) : record;
  const annotations = { ...(written !== undefined && { "rebootd.dev/cycle": written }) };
  const node = {
    metadata: { name: "n1", annotations: { ...annotations, ...more } },
    spec: { unschedulable },
    status: isReady ? ready : {},
  };
  const lockState = {
    version: "1",
    unlocked: [],
    lock: parseLock(undefined),
    failures: parseFailures(undefined),
  };
  const health = { nodes: new Map([["n1", node]]), daemons: [daemonOn("n1")] };
  return explainNode({ node, lockState, place, hooks: [], health, ...rest }, noon);
}

const need = { source: "file", reasons: ["linux-image", "libc6"], since: ago(180) };
const reasons = [
  { gate: "alerts", code: "active", message: "1 alert is active: DiskFull", since: ago(120) },
  { gate: "window", code: "outside", message: "outside the maintenance window", since: ago(5) },
];
const taken = { gate: "lock", code: "lock-taken", message: "all slots are taken (1 of 1)" };
const free = { version: "1", unlocked: [], lock: parseLock(undefined), failures: parseFailures(undefined) };
const failed = { result: "failed", at: ago(10), message: "the drain timed out (--drain-timeout)" } as const;

describe("The explanation of a node", () => {
  const rows: [what: string, facts: Facts, says: string[]][] = [
    ["is short if it is Idle", { record: {} }, ["n1 needs no reboot", lockLine]],
    [
      "names every reason, and since when",
      { record: { phase: "Waiting", need, reasons } },
      [
        "n1 is waiting for its reboot (10m)",
        "reboot needed for 3h: linux-image, libc6",
        "held back by:",
        "  alerts (active), for 2h: 1 alert is active: DiskFull",
        "  window (outside), for 5m: outside the maintenance window",
        lockLine,
      ],
    ],
    [
      "shows that no gate is closed",
      { record: { phase: "Waiting", need: { ...need, reasons: [] } } },
      [
        "n1 is waiting for its reboot (10m)",
        "reboot needed for 3h (sentinel file)",
        "no gate is closed; it is about to start",
        lockLine,
      ],
    ],
    [
      "shows what failed, and the time of the next try",
      { record: { phase: "Failed", failures: 5, outcome: failed } },
      [
        "n1 is backing off after a failure (10m)",
        "last cycle 10m ago failed: the drain timed out (--drain-timeout)",
        "failed 5 times in a row; next try at 2026-11-24T12:06:00.000Z",
        lockLine,
      ],
    ],
    [
      "shows that reboots did not help",
      { record: { phase: "Failed", reboots: 2 } },
      [
        "n1 is backing off after a failure (10m)",
        "still requires a reboot after 2 confirmed reboots; no further try by itself, see rebootd reboot",
        lockLine,
      ],
    ],
    [
      "shows that the node is not Ready, and cordoned by others",
      { record: {}, isReady: false, unschedulable: true },
      [
        "n1: NotReady; the following may be out of date",
        "n1 needs no reboot",
        "cordoned by somebody else; rebootd will not uncordon it",
        lockLine,
      ],
    ],
    [
      "does not take its own cordon for that of others",
      { record: { phase: "Draining", cordoned: true }, unschedulable: true },
      ["n1 is being drained (10m)", lockLine],
    ],
    [
      "begins with a missing daemon: the record may be old",
      { record: {}, health: { nodes: new Map(), daemons: [daemonOn("n2")] } },
      ["n1: no rebootd pod on it; the following may be out of date", "n1 needs no reboot", lockLine],
    ],
    [
      "begins with a cluster without rebootd",
      { record: {}, health: { nodes: new Map(), daemons: [] } },
      [
        "the cluster has no pod with the label app.kubernetes.io/name=rebootd; the following may be out of date",
        "n1 needs no reboot",
        lockLine,
      ],
    ],
    [
      "begins with a daemon that crashes, how often, and the command for its log",
      { record: {}, health: { nodes: new Map(), daemons: [daemonOn("n1", crashing)] } },
      [
        "n1: daemon CrashLoopBackOff (12 restarts, exit 2); the following may be out of date",
        "  see kubectl -n kube-system logs rebootd-n1 --previous",
        "n1 needs no reboot",
        lockLine,
      ],
    ],
    [
      "begins with a holder that does not come back, since when and why",
      {
        record: { phase: "Waiting", need, reasons: [{ ...taken, since: ago(60) }], reportedAt: ago(60) },
        lockState: { ...free, lock: parseLock(JSON.stringify({ nodeID: "n4", created: ago(90), TTL: 0 })) },
        health: {
          nodes: new Map([nodeCalled("n4", silent(80))]),
          daemons: [daemonOn("n1"), daemonOn("n4")],
        },
      },
      [
        "holder n4 (for 90m): NotReady for 80m, kubelet not responding; see rebootd explain n4",
        "n1 is waiting for its reboot (10m)",
        "reboot needed for 3h: linux-image, libc6",
        "held back by (written 60m ago):",
        "  lock (lock-taken), for 60m: all slots are taken (1 of 1)",
        "the lock, lease/rebootd in kube-system: held by 1 node: n4",
      ],
    ],
    [
      "begins with a holder that is gone",
      {
        record: {},
        lockState: { ...free, lock: parseLock(JSON.stringify({ nodeID: "n4", created: ago(90), TTL: 0 })) },
      },
      [
        "holder n4 (for 90m): no such Node in the cluster; see rebootd explain n4",
        "n1 needs no reboot",
        "the lock, lease/rebootd in kube-system: held by 1 node: n4",
      ],
    ],
    [
      "shows a pause as it is now, not as the record has it",
      {
        record: {
          phase: "Waiting",
          need,
          reasons: [
            { gate: "paused", code: "node", message: "this node is paused: old", since: ago(30) },
            { gate: "paused", code: "cluster", message: "all nodes are paused: over", since: ago(30) },
          ],
        },
        annotations: { "rebootd.dev/paused": "new" },
      },
      [
        "n1 is waiting for its reboot (10m)",
        "reboot needed for 3h: linux-image, libc6",
        "held back by:",
        "  paused (node), for 30m: this node is paused: new",
        lockLine,
      ],
    ],
    [
      "shows a manual lock as it is now",
      {
        record: { phase: "Waiting", need, reasons: [{ ...taken, since: ago(30) }] },
        lockState: { ...free, lock: parseLock('{"nodeID":"manual","reason":"etcd"}') },
      },
      [
        "n1 is waiting for its reboot (10m)",
        "reboot needed for 3h: linux-image, libc6",
        "held back by:",
        "  lock (lock-manual), for 0s: locked manually: etcd",
        "the lock, lease/rebootd in kube-system: locked manually, no node starts a reboot",
      ],
    ],
    [
      "names annotations that are not understood",
      { record: {}, annotations: { "rebootd.dev/priority": "urgent" } },
      [
        "n1 needs no reboot",
        'not understood: rebootd.dev/priority="urgent": it counts as normal; there are high, normal and low',
        lockLine,
      ],
    ],
    [
      "names annotations that are not understood beside the lock",
      { record: {}, lockState: { ...free, misread: ["rebootd.dev/pause: unknown annotation"] } },
      ["n1 needs no reboot", lockLine, "not understood: rebootd.dev/pause: unknown annotation"],
    ],
    [
      "does not take a hook for a mistyped key",
      { record: {}, annotations: { "rebootd.dev/raid": "true" }, hooks: ["rebootd.dev/raid"] },
      ["n1 needs no reboot", lockLine],
    ],
    [
      "shows that there is no record",
      {},
      ["rebootd has recorded nothing on n1 (no reboot needed yet, or not running)", lockLine],
    ],
    [
      "shows that the record cannot be read",
      { record: "{" },
      ["the record of rebootd on n1 cannot be read: it is not JSON", lockLine],
    ],
    [
      "names the holders, a pause of all nodes, and failures",
      {
        record: {},
        lockState: {
          lock: parseLock(JSON.stringify({ nodeID: "n2", created: ago(3), TTL: 0 })),
          version: "1",
          unlocked: [],
          failures: parseFailures(JSON.stringify([{ node: "n3", at: ago(9), message: "stuck" }])),
          paused: "moving racks",
        },
      },
      [
        "holder n2 (for 3m): no such Node in the cluster; see rebootd explain n2",
        "n1 needs no reboot",
        "the lock, lease/rebootd in kube-system: held by 1 node: n2",
        "all nodes are paused: moving racks",
        "1 failed reboot (n3: stuck)",
      ],
    ],
  ];
  for (const [what, facts, says] of rows) it(what, () => assert.deepEqual(explained(facts), says));
});
