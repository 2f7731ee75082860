import assert from "node:assert/strict";
import { ownConditions } from "../../daemon/annotations/conditions.ts";
import { contract } from "../../daemon/annotations/names.ts";
import type { RawOptions } from "../../daemon/config/settings.ts";
import { type EventReason, eventReasons, eventTable, typeOf } from "../../daemon/report/events.ts";
import { createStory, minute } from "./story.ts";

const story = createStory();
const {
  addBudget,
  addPod,
  annotateLease,
  boots,
  isRebooted,
  pass,
  patchNode,
  phase,
  setLock,
  until,
  wantReboot,
} = story;

interface Written {
  type: string;
  reason: EventReason;
  eventTime: string;
  action: string;
  note: string;
  regarding: { kind: string; name: string; namespace?: string; uid?: string };
  related?: { kind: string; name: string };
}

interface Line {
  level: string;
  node: string;
  message: string;
  event?: EventReason;
}

async function written(namespace = "default"): Promise<Written[]> {
  const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
  const { items } = await story.world.api.list<Written & { reportingController: string }>(path, story.world);
  return items.filter(({ reportingController }) => reportingController === "rebootd.dev/daemon");
}

const lines = () => story.world.logs.map((line) => JSON.parse(line) as Line);
const objectOf = ({ regarding: { kind, name } }: Pick<Written, "regarding">) => `${kind} ${name}`;
const annotate = (key: string, value: string | null) =>
  patchNode({ metadata: { annotations: { [key]: value } } });

/** Events as `REASON`, or as `REASON KIND NAME` if they are not about the Node n1. */
async function reasons(): Promise<string[]> {
  const all = (await written()).map((event) => {
    const about = objectOf(event);
    return about === "Node n1" ? event.reason : `${event.reason} ${about}`;
  });
  return [...new Set(all)].sort();
}

/** The conditions of n1 that are not False, as TYPE=REASON. */
async function conditions(): Promise<string[]> {
  const { status } = await story.readNode();
  return Object.entries(ownConditions(status?.conditions))
    .filter(([, { status: value }]) => value !== "False")
    .map(([type, { reason }]) => `${type}=${reason}`)
    .sort();
}

/** Without what a sentence alone may have changed since. */
const firstWords = (note: string) => note.slice(0, 20);

/** Every event says the same by all outlets, and there is none that only some of them know. */
async function compareOutlets(onlyLogged: readonly EventReason[]): Promise<void> {
  const events = await written();
  const logged = lines().filter(({ event }) => event !== undefined);
  for (const { type, reason, action, note, regarding, related } of events) {
    const row = eventTable[reason];
    assert.deepEqual([type, action], [typeOf(row.level), row.action], reason);
    const isOfNode = regarding.kind === "Node";
    const node = isOfNode ? regarding.name : related?.name;
    const same = logged.filter((line) => line.event === reason && line.node === node);
    assert.ok(same.length > 0, `${reason} is in no line of ${node}`);
    if (isOfNode)
      assert.ok(
        same.some(({ message }) => message.startsWith(note)),
        `${reason}: ${note}`,
      );
  }
  const about = (reason: string) =>
    events.filter((one) => one.reason === reason && one.regarding.kind === "Node");
  const on = ownConditions((await story.readNode()).status?.conditions);
  for (const type of ["RebootRequired", "RebootBlocked"] as const) {
    const { status, reason, message = "" } = on[type] ?? {};
    const said = reason === "CycleFailed" ? reason : type;
    const note = logged.findLast((line) => line.event === said && line.node === "n1")?.message;
    if (status === "True")
      assert.ok(note !== undefined && message.includes(firstWords(note)), `${type}: ${message}; ${note}`);
  }
  for (const reason of eventReasons) {
    const inLog = logged.filter(({ event }) => event === reason);
    for (const { level } of inLog) assert.equal(level, eventTable[reason].level, reason);
    assert.ok(about(reason).length <= inLog.length, `${reason}: ${about(reason).length} events`);
    const isWritten = about(reason).length > 0 || onlyLogged.includes(reason);
    assert.equal(inLog.length > 0, isWritten, `${reason} is only in some outlets`);
    const counted = await story.world.eventsCounted(reason);
    const others = events.filter((one) => one.reason === reason).length - about(reason).length;
    assert.equal(counted, inLog.length + others, `${reason} in rebootd_events_total`);
  }
}

interface Row {
  what: string;
  options?: RawOptions;
  nodes?: number;
  looksForOthers?: boolean;
  tell: () => Promise<void>;
  events: string[];
  /** Events that say only what another one has just said, and so are not written. */
  onlyLogged?: EventReason[];
  /** Those of n1 that are not False in the end, as TYPE=REASON. */
  conditions?: string[];
}

const untilPhase = (name: string) =>
  until(`n1 is ${name}`, async () => (await phase()) === name, 30 * minute);
const begun = ["DrainStarted", "RebootRequired"];
const stuckAt = { "drain-timeout": "3m", preflight: "off" };

const rows: Row[] = [
  {
    what: "a reboot",
    tell: async () => {
      await wantReboot();
      await until("n1 has rebooted", isRebooted);
    },
    events: [...begun, "Rebooted", "Rebooting", "Returned"],
    onlyLogged: ["CycleDone"],
  },
  {
    what: "a closed gate, while it is closed",
    tell: async () => {
      await annotate(contract.paused.key, "yes");
      await wantReboot();
      await pass(60 * minute);
      const blocked = (await written()).filter(({ reason }) => reason === "RebootBlocked");
      assert.equal(blocked.length, 1);
      assert.match(blocked[0]?.note ?? "", /paused/);
    },
    events: ["RebootBlocked", "RebootRequired"],
    conditions: ["RebootBlocked=PausedNode", "RebootRequired=SentinelFile"],
  },
  {
    what: "a drain that a pod and its budget delay until it fails",
    options: stuckAt,
    tell: async () => {
      await addPod("stuck");
      await addBudget("stuck", "keep");
      await wantReboot();
      await untilPhase("Failed");
      const noteOf = async (object: string) =>
        (await written()).filter((one) => objectOf(one) === object).map(({ note }) => note);
      const why = "PodDisruptionBudget default/keep allows no disruptions \\(maxUnavailable 0\\)";
      const [onPod = "", ...morePods] = await noteOf("Pod stuck");
      assert.match(onPod, new RegExp(`^delays the drain of node n1: ${why}`));
      const [onBudget = "", ...moreBudgets] = await noteOf("PodDisruptionBudget keep");
      assert.match(
        onBudget,
        new RegExp(`^refuses the eviction of stuck, and delays the drain of node n1: ${why}`),
      );
      assert.deepEqual([morePods, moreBudgets], [[], []]);
      const timeOf = async (name: string) =>
        Date.parse((await written()).find(({ reason }) => reason === name)?.eventTime ?? "") / 1000;
      const seconds = (await timeOf("DrainHeldUp")) - (await timeOf("DrainStarted"));
      assert.ok(seconds >= 90 && seconds < 92, `${seconds} s after the cordon`);
      const failed = (await written()).find(({ reason }) => reason === "DrainFailed");
      assert.match(failed?.note ?? "", new RegExp(`default/stuck: ${why}`));
    },
    events: [
      ...begun,
      "DrainFailed",
      "DrainHeldUp",
      "DrainHeldUp Pod stuck",
      "DrainHeldUp PodDisruptionBudget keep",
    ],
    onlyLogged: ["CycleFailed", "Restored"],
    conditions: ["RebootBlocked=CycleFailed", "RebootRequired=SentinelFile"],
  },
  {
    what: "a cycle that is not allowed to go on",
    options: stuckAt,
    tell: async () => {
      await addPod("stuck", { finalizers: ["example.com/hold"] });
      await wantReboot();
      await untilPhase("Draining");
      await annotate(contract.paused.key, "yes");
      await untilPhase("Waiting");
      await pass(minute);
    },
    events: [...begun, "RebootBlocked", "Restored"],
    onlyLogged: ["CycleDone"],
    conditions: ["RebootBlocked=PausedNode", "RebootRequired=SentinelFile"],
  },
  {
    what: "a machine that does not go down",
    options: { "reboot-timeout": "10s", "reboot-attempts": "1" },
    tell: async () => {
      story.world.machine("n1").behaviour.goesDown = false;
      await wantReboot();
      await untilPhase("Failed");
    },
    events: [...begun, "CycleFailed", "Rebooting", "Restored"],
    conditions: ["RebootBlocked=CycleFailed", "RebootRequired=SentinelFile"],
  },
  {
    what: "a node that does not return",
    options: { "after-reboot-hooks": ["example.com/ok"], "after-reboot-hooks-timeout": "1m" },
    tell: async () => {
      await wantReboot();
      await untilPhase("Returning");
      await pass(10 * minute);
    },
    events: [...begun, "NotReturned", "Rebooted", "Rebooting"],
    conditions: [
      "Drained=DrainCompleted",
      "MaintenanceInProgress=AdminRequested",
      "RebootRequired=SentinelFile",
    ],
  },
  {
    what: "another node that does not return, and keeps its slot",
    options: { "drain-timeout": "5m", "reboot-timeout": "5m", "ready-timeout": "5m" },
    nodes: 2,
    tell: async () => {
      story.world.machine("n2").behaviour.comesBack = false;
      await pass(3000);
      story.node("n2").wantsReboot();
      await until("n2 goes down", async () => !story.world.machine("n2").isUp, 5 * minute);
      await wantReboot();
      await pass(90 * minute);
    },
    events: [
      ...["DrainStarted", "RebootRequired", "Rebooting"].map((reason) => `${reason} Node n2`),
      "HolderOverdue",
      "RebootBlocked",
      "RebootRequired",
    ],
    conditions: ["RebootBlocked=LockTaken", "RebootRequired=SentinelFile"],
  },
  {
    what: "a holder that is gone",
    tell: async () => {
      const created = new Date(story.world.time.clock.wall() - minute).toISOString();
      await setLock(JSON.stringify({ nodeID: "gone", created, TTL: 0 }));
      await wantReboot();
      await until("n1 has rebooted", isRebooted, 10 * minute);
    },
    onlyLogged: ["CycleDone"],
    events: [...begun, "LockOrphanRemoved", "RebootBlocked", "Rebooted", "Rebooting", "Returned"],
  },
  {
    what: "a halt of all reboots, once",
    tell: async () => {
      const at = new Date(story.world.time.clock.wall() - minute).toISOString();
      const failed = ["x", "y", "z"].map((node) => ({ node, at, message: "why" }));
      await annotateLease(contract.failures.key, JSON.stringify(failed));
      await wantReboot();
      await pass(60 * minute);
      assert.equal((await written()).filter(({ reason }) => reason === "RebootsHalted").length, 1);
    },
    events: ["RebootBlocked", "RebootRequired", "RebootsHalted"],
    conditions: ["RebootBlocked=LockHalted", "RebootRequired=SentinelFile"],
  },
  {
    what: "an annotation that nothing reads",
    tell: async () => {
      await annotate("rebootd.dev/pause", "true");
      await pass(minute);
    },
    events: ["AnnotationInvalid"],
  },
  {
    what: "a record that somebody has changed",
    options: stuckAt,
    tell: async () => {
      await addPod("stuck", { finalizers: ["example.com/hold"] });
      await wantReboot();
      await untilPhase("Draining");
      await annotate(contract.cycle.key, "{}");
      await pass(10_000);
      assert.equal(boots(), 1);
    },
    events: [...begun, "RecordRejected"],
    conditions: [
      "DrainInProgress=AdminRequested",
      "MaintenanceInProgress=AdminRequested",
      "RebootRequired=SentinelFile",
    ],
  },
  {
    what: "a Node that the daemon may not write",
    tell: async () => {
      const path = "/apis/rbac.authorization.k8s.io/v1/clusterroles/rebootd";
      const { rules } = await story.world.api.get<{ rules: { resources: string[] }[] }>(path, story.world);
      const changed = rules.map((rule) =>
        rule.resources.includes("nodes") ? { ...rule, verbs: ["get", "list", "watch"] } : rule,
      );
      await story.world.api.patch(path, { rules: changed }, story.world);
      await wantReboot();
      await pass(minute);
    },
    events: ["RebootRequired", "WriteRefused"],
  },
  {
    what: "another program that reboots the node too",
    looksForOthers: true,
    tell: async () => {
      await annotate("flatcar-linux-update.v1.flatcar-linux.net/reboot-needed", "false");
      await pass(11 * minute);
    },
    events: ["OtherRebootManager"],
  },
];

describe("The log, the events, the metrics and the conditions", () => {
  afterEach(story.stop);

  for (const row of rows) {
    const { options = {}, nodes = 1, looksForOthers = false } = row;
    const { tell, events, onlyLogged = [], conditions: inTheEnd = [] } = row;
    it(`say of ${row.what} the same`, async () => {
      await story.start({ "log-format": "json", ...options }, { nodes, looksForOthers });
      await tell();
      assert.deepEqual(await reasons(), [...events].sort());
      await compareOutlets(onlyLogged);
      assert.deepEqual(await conditions(), inTheEnd);
    });
  }

  it("have a story for each event", () => {
    const told = rows.flatMap(({ events, onlyLogged = [] }) => [
      ...events.map((event) => event.split(" ")[0]),
      ...onlyLogged,
    ]);
    // A file that changes under a process: test/e2e/config-file.test.ts.
    assert.deepEqual(
      eventReasons.filter((reason) => !told.includes(reason)),
      ["ConfigRejected"],
    );
  });
});
