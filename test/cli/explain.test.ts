import assert from "node:assert/strict";
import { explainNode, type NodeFindings } from "../../daemon/cli/explain.ts";
import type { Pod } from "../../daemon/cluster/objects.ts";
import { type CycleRecord, idleRecord, writeRecord } from "../../daemon/cycle/record.ts";
import { parseFailures } from "../../daemon/lock/failures.ts";
import { parseLock } from "../../daemon/lock/slots.ts";

const noon = Date.parse("2026-11-24T12:00:00.000Z");
const ago = (minutes: number) => new Date(noon - minutes * 60_000).toISOString();

const ready = { conditions: [{ type: "Ready", status: "True" }] };
const place = {
  kind: "lease",
  namespace: "kube-system",
  name: "rebootd",
  annotation: "rebootd.dev/lock",
} as const;
const daemon: Pod = { metadata: { namespace: "kube-system", name: "rebootd-x" }, status: ready };
const lockLine = "the lock, lease/rebootd in kube-system: free";

interface Facts extends Partial<Omit<NodeFindings, "node">> {
  record?: Partial<CycleRecord> | string;
  unschedulable?: boolean;
  isReady?: boolean;
}

function explained({ record, unschedulable = false, isReady = true, ...rest }: Facts): string[] {
  const written =
    typeof record === "object" ? writeRecord({ ...idleRecord(noon - 600_000), ...record }) : record;
  const annotations = { ...(written !== undefined && { "rebootd.dev/cycle": written }) };
  const node = {
    metadata: { name: "n1", annotations },
    spec: { unschedulable },
    status: isReady ? ready : {},
  };
  const carried = {
    version: "1",
    unlocked: [],
    lock: parseLock(undefined),
    failures: parseFailures(undefined),
  };
  return explainNode({ node, carried, place, daemons: [daemon], ...rest }, noon);
}

const need = { source: "file", reasons: ["linux-image", "libc6"], since: ago(180) };
const reasons = [
  { gate: "alerts", code: "active", message: "1 alert is active: DiskFull", since: ago(120) },
  { gate: "window", code: "outside", message: "outside the maintenance window", since: ago(5) },
];
const failed = { result: "failed", at: ago(10), message: "the drain has passed its deadline" } as const;

describe("The explanation of a node", () => {
  const rows: [what: string, facts: Facts, says: string[]][] = [
    ["is short where it is at rest", { record: {} }, ["n1 needs no reboot", lockLine]],
    [
      "names every reason, and since when",
      { record: { phase: "Waiting", need, reasons } },
      [
        "n1 waits for its reboot, for 10m now",
        "needed for 3h: linux-image, libc6",
        "held back by:",
        "  alerts (active), for 2h: 1 alert is active: DiskFull",
        "  window (outside), for 5m: outside the maintenance window",
        lockLine,
      ],
    ],
    [
      "says that nothing holds it back",
      { record: { phase: "Waiting", need: { ...need, reasons: [] } } },
      [
        "n1 waits for its reboot, for 10m now",
        "needed for 3h: file",
        "nothing holds it back: it is about to start",
        lockLine,
      ],
    ],
    [
      "says what failed, and when it tries again",
      { record: { phase: "Failed", failures: 5, outcome: failed } },
      [
        "n1 rests after a failure, for 10m now",
        "its last cycle, 10m ago (failed): the drain has passed its deadline",
        "it has failed 5 times in a row, and tries again at 2026-11-24T12:06:00.000Z",
        lockLine,
      ],
    ],
    [
      "says that reboots did not help",
      { record: { phase: "Failed", reboots: 2 } },
      [
        "n1 rests after a failure, for 10m now",
        "the need is still there after 2 proved reboots, so it does not try again; rebootd reboot makes it",
        lockLine,
      ],
    ],
    [
      "says that the node is not Ready, and cordoned by others",
      { record: {}, isReady: false, unschedulable: true },
      [
        "n1 needs no reboot",
        "the node is not Ready",
        "somebody else has cordoned the node, and it stays so",
        lockLine,
      ],
    ],
    [
      "does not take its own cordon for theirs",
      { record: { phase: "Draining", cordoned: true }, unschedulable: true },
      ["n1 is drained, for 10m now", lockLine],
    ],
    [
      "says that nobody may be there to act",
      { record: {}, daemons: [] },
      [
        "n1 needs no reboot",
        "no pod with the label app.kubernetes.io/name=rebootd is on the node: all above may be old",
        lockLine,
      ],
    ],
    [
      "says that whoever is there is not well",
      { record: {}, daemons: [{ ...daemon, status: {} }] },
      ["n1 needs no reboot", "its pod kube-system/rebootd-x is not Ready: all above may be old", lockLine],
    ],
    [
      "says that there is no record",
      {},
      ["n1 has never needed a reboot since rebootd runs on it, if it does", lockLine],
    ],
    [
      "says that there is none that can be read",
      { record: "{" },
      ["n1: what rebootd has written on it cannot be read: it is not JSON", lockLine],
    ],
    [
      "names who holds the lock, that all are paused, and who failed",
      {
        record: {},
        carried: {
          lock: parseLock(JSON.stringify({ nodeID: "n2", created: ago(3), TTL: 0 })),
          version: "1",
          unlocked: [],
          failures: parseFailures(JSON.stringify([{ node: "n3", at: ago(9), message: "stuck" }])),
          paused: "moving racks",
        },
      },
      [
        "n1 needs no reboot",
        "the lock, lease/rebootd in kube-system: held by 1 node: n2",
        "all nodes are paused: moving racks",
        "1 node failed in a row (n3: stuck)",
      ],
    ],
  ];
  for (const [what, facts, says] of rows) it(what, () => assert.deepEqual(explained(facts), says));
});
