import assert from "node:assert/strict";
import { statusOf } from "../../daemon/cli/cluster-status.ts";
import type { Health } from "../../daemon/cli/health.ts";
import { statusText } from "../../daemon/cli/status-text.ts";
import { age } from "../../daemon/cli/table.ts";
import type { WholeNode, WholePod } from "../../daemon/cluster/objects.ts";
import { type CycleRecord, idleRecord, writeRecord } from "../../daemon/cycle/record.ts";
import { parseFailures } from "../../daemon/lock/failures.ts";
import { parseLock } from "../../daemon/lock/lock.ts";
import type { LockPlace } from "../../daemon/lock/lock-object.ts";
import { everyRow } from "../rows.ts";

const noon = Date.parse("2026-11-24T12:00:00.000Z");
const minute = 60_000;
const ago = (minutes: number) => new Date(noon - minutes * minute).toISOString();
const place: LockPlace = {
  kind: "lease",
  namespace: "kube-system",
  name: "rebootd",
  annotation: "rebootd.dev/lock",
};

function node(name: string, record?: Partial<CycleRecord>, annotations: Record<string, string> = {}) {
  const written = record && { "rebootd.dev/cycle": writeRecord({ ...idleRecord(noon), ...record }) };
  return { name, annotations: { ...annotations, ...written } };
}

const need = (minutes: number) => ({
  source: "file",
  reasons: ["linux-image", "libc6"],
  since: ago(minutes),
});
const waiting = (minutes: number, message = "all slots are taken (2 of 2)"): Partial<CycleRecord> => ({
  phase: "Waiting",
  since: ago(minutes - 1),
  need: need(minutes),
  reasons: [{ gate: "lock", code: "lock-taken", message, since: ago(minutes - 1) }],
});

const lock = {
  maxOwners: 2,
  locks: [
    { nodeID: "n1", created: ago(4), TTL: 0, concurrency: 2, zone: "a", neededSince: ago(90) },
    { nodeID: "gone", created: ago(600), TTL: 0 },
    { nodeID: "manual", since: ago(3), reason: "new\u001b[31m switch" },
  ],
};
const nodes = [
  node("n1", { phase: "Draining", since: ago(3), need: need(90) }),
  node("n2", waiting(10)),
  node("n3", waiting(180), { "rebootd.dev/priority": "high" }),
  node("n4", {
    phase: "Failed",
    since: ago(5),
    need: need(30),
    outcome: { result: "failed", at: ago(5), message: "the drain timed out (--drain-timeout)" },
  }),
  node("n5"),
  { name: "n6", annotations: { "rebootd.dev/cycle": "{" } },
];
const lockState = (lock: string | undefined, failures?: string) => ({
  lock: parseLock(lock),
  version: "1",
  unlocked: [],
  failures: parseFailures(failures),
});
const show = (value: unknown, wide = false) =>
  statusText(
    statusOf(place, lockState(value === undefined ? undefined : JSON.stringify(value)), nodes, noon),
    wide,
    noon,
  );

describe("The status", () => {
  it("shows the holders, manual locks, and the waiting nodes, longest first, with their reasons", () => {
    assert.equal(
      show(lock),
      `lease/rebootd in kube-system, rebootd.dev/lock: locked manually, no node starts a reboot; held by 2 nodes

HOLDER  SINCE  PHASE     WHY
gone    10h    Gone      no such Node in the cluster; waiting nodes remove its entry
n1      4m     Draining  -

MANUAL LOCK  SINCE  REASON
manual       3m     new [31m switch

NODE  SINCE  PHASE    WHY
n6    -      Unknown  its record cannot be read: it is not JSON
n3    2h     Waiting  locked manually: new [31m switch
n4    5m     Failed   the drain timed out (--drain-timeout)
n2    9m     Waiting  locked manually: new [31m switch
`,
    );
  });

  it("shows more columns if it is wide", () => {
    const text = show(lock, true);
    assert.match(
      text,
      /\nHOLDER +SINCE +PHASE +NEEDED +ZONE +POOL +LIMIT +WHY\ngone .*\nn1 +4m +Draining +90m +a +- +2 +-\n/,
    );
    assert.match(text, /\nn3 +2h +Waiting +3h +high +linux-image,libc6 +locked manually: .*\n/);
  });

  it("is one line and the nodes that are not Idle if the lock is free", () => {
    assert.match(show(undefined), /^lease\/rebootd in kube-system, rebootd.dev\/lock: free\n\nNODE/);
    assert.doesNotMatch(show(undefined), /n5/);
  });

  it("shows how to repair a lock that cannot be read", () => {
    const status = statusOf(place, lockState("junk"), [], noon);
    assert.equal(status.lock.state, "unreadable");
    assert.match(statusText(status, false, noon), /"junk" cannot be read: .*remove the annotation/);
  });
});

describe("The status without waiting nodes", () => {
  const ready = { conditions: [{ type: "Ready", status: "True" }] };
  const daemonOn = (nodeName: string, status: WholePod["status"] = ready): WholePod => ({
    spec: { nodeName, containers: [] },
    status,
  });
  const text = (daemons: WholePod[], paused?: string) =>
    statusText(
      statusOf(place, { ...lockState(undefined), paused }, [node("n1"), node("n2", {})], noon, {
        nodes: new Map(),
        daemons,
      }),
      false,
      noon,
    );
  const free = "lease/rebootd in kube-system, rebootd.dev/lock: free\n";

  it("counts nodes and daemons, to show that it is the right cluster", () =>
    assert.equal(
      text([daemonOn("n1"), daemonOn("n2")]),
      `${free}2 nodes, 2 daemons, 0 need a reboot, not paused\n`,
    ));

  it("shows that no daemon runs at all", () =>
    assert.equal(text([]), `${free}2 nodes, 0 daemons, 0 need a reboot, not paused\n`));

  it("does not report that nothing is paused if all are", () =>
    assert.equal(
      text([daemonOn("n1"), daemonOn("n2")], "racks"),
      `${free}all nodes are paused: racks\n2 nodes, 2 daemons, 0 need a reboot\n`,
    ));

  it("counts the needed reboots for programs, also if there are tables", () =>
    assert.deepEqual(statusOf(place, lockState(undefined), nodes, noon).count, {
      nodes: 6,
      daemons: 0,
      needReboot: 4,
    }));
});

describe("The status while all nodes are paused", () => {
  const secondLine = (paused: string) =>
    statusText(statusOf(place, { ...lockState(undefined), paused }, [], noon), false, noon).split("\n")[1];

  it("shows that, until when, and why", () => {
    assert.equal(
      secondLine(`until ${ago(-60)}: moving\nracks`),
      `all nodes are paused until ${ago(-60)}: moving racks`,
    );
  });

  it("shows nothing once the pause is over", () => {
    assert.equal(secondLine(`until ${ago(1)}`), "");
  });
});

describe("The status after failures", () => {
  const failed = [
    { node: "n4", at: ago(5), message: "the drain\u001b[31m timed out" },
    { node: "n6", at: ago(3), message: "the machine is still up" },
  ];
  const who = "(n4: the drain [31m timed out; n6: the machine is still up)";
  const haltedNode = (code: string) =>
    node("n7", { phase: "Waiting", reasons: [{ gate: "lock", code, message: "old", since: ago(1) }] });
  const status = (failures: string | undefined, ...more: (typeof nodes)[number][]) =>
    statusOf(place, lockState(undefined, failures), [...nodes, ...more], noon);
  const secondLine = (one: ReturnType<typeof status>) => statusText(one, false, noon).split("\n")[1];

  it("counts the failures before a halt, and names the nodes", () => {
    const { halted, failures } = status(JSON.stringify(failed));
    assert.deepEqual([halted, failures], [false, failed]);
    assert.equal(secondLine(status(JSON.stringify(failed))), `2 failed reboots ${who}`);
  });

  it("shows the halt if a waiting node reports it", () => {
    const one = status(JSON.stringify(failed), haltedNode("halted"));
    assert.equal(one.halted, true);
    assert.match(
      statusText(one, false, noon),
      /^HALTED: 2 nodes failed to reboot in a row; no node starts until rebootd resume --all\nlease.*: free\n\nFAILED +SINCE +WHY\nn4 +5m +the drain \[31m timed out\nn6 +3m +the machine is still up\n\nNODE/,
    );
  });

  it("shows the halt at once if the failures state their limit", () => {
    const told = failed.map((one) => ({ ...one, haltAfter: 2 }));
    assert.match(
      statusText(status(JSON.stringify(told)), false, noon),
      /^HALTED: 2 nodes failed to reboot in a row; /,
    );
    const later = status(JSON.stringify(failed.map((one) => ({ ...one, haltAfter: 3 }))));
    assert.equal(later.halted, false);
    assert.equal(secondLine(later), `2 of 3 failed reboots before the halt ${who}`);
    const never = failed.map((one) => ({ ...one, haltAfter: 0 }));
    assert.equal(status(JSON.stringify(never)).halted, false);
  });

  it("does not believe a node that has not yet seen the end of the halt", () => {
    const one = status(undefined, haltedNode("halted"));
    assert.deepEqual([one.halted, one.failures, one.failuresMessage], [false, [], undefined]);
    assert.equal(secondLine(one), "");
  });

  it("shows that the failures cannot be read", () => {
    const one = status("junk", haltedNode("failures-unreadable"));
    assert.match(
      statusText(one, false, noon),
      /^HALTED: the failures "junk" .*no node starts until rebootd resume --all, which/,
    );
    assert.deepEqual(one.failures, []);
  });
});

describe("The status of nodes that are not well", () => {
  const since = { lastTransitionTime: ago(80) };
  const conditions = (status: string) => ({ conditions: [{ type: "Ready", status, ...since }] });
  const nodeCalled = (name: string, status: string): [string, WholeNode] => [
    name,
    { metadata: { name }, status: conditions(status) },
  ];
  const daemonOn = (nodeName: string, status: WholePod["status"] = conditions("True")): WholePod => ({
    metadata: { name: `rebootd-${nodeName}`, namespace: "kube-system" },
    spec: { nodeName, containers: [] },
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
        restartCount: 1,
        state: { terminated: { exitCode: 2, reason: "Error" } },
      },
    ],
  };
  const text = (health: Health) =>
    statusText(statusOf(place, lockState(JSON.stringify(two)), nodes, noon, health), false, noon);
  const two = {
    ...lock,
    locks: [
      { nodeID: "n2", created: ago(9) },
      { nodeID: "n1", created: ago(90) },
    ],
  };

  it("begins with a holder that is not Ready or whose daemon is dead, since when and why", () => {
    const daemons = [
      daemonOn("n1", crashing),
      ...["n2", "n3", "n4", "n5", "n6"].map((name) => daemonOn(name)),
    ];
    const health = { nodes: new Map([nodeCalled("n1", "Unknown"), nodeCalled("n2", "True")]), daemons };
    assert.match(
      text(health),
      /\nHOLDER +SINCE +PHASE +WHY\nn1 +90m +Draining +NotReady for 80m, kubelet not responding; daemon Error \(1 restart, exit 2\)\nn2 /,
    );
  });

  it("shows other nodes whose daemon is dead or missing first, also nodes without a record", () => {
    const daemons = [
      daemonOn("n5", { phase: "Pending" }),
      ...["n1", "n2", "n3", "n6"].map((name) => daemonOn(name)),
    ];
    assert.match(
      text({ nodes: new Map(), daemons }),
      /\nNODE +SINCE +PHASE +WHY\nn5 +- +Idle +daemon Pending\nn4 +5m +Failed +no rebootd pod on it; the drain timed out [^\n]+\nn6 /,
    );
  });

  it("shows no troubles of daemons if rebootd runs without pods", () =>
    assert.doesNotMatch(text({ nodes: new Map(), daemons: [] }), /daemon|rebootd pod/));
});

describe("An age", () => {
  const rows: [text: string, seconds: number][] = [
    ["0s", -3600],
    ["0s", 0],
    ["59s", 59],
    ["1m", 60],
    ["1m40s", 100],
    ["9m59s", 599],
    ["10m", 600],
    ["119m", 7199],
    ["2h", 7200],
    ["2d", 172_800],
  ];
  it("is in minutes and seconds up to ten minutes, then in the largest unit of which there are two", () =>
    everyRow(
      rows.map(([text, seconds]) => [text, text, seconds] as const),
      (text, seconds) => assert.equal(age(new Date(noon - seconds * 1000).toISOString(), noon), text),
    ));

  it("is none of a text that is no time", () => {
    assert.equal(age(undefined, noon), undefined);
    assert.equal(age("yesterday", noon), undefined);
  });
});
