import assert from "node:assert/strict";
import { contract } from "../../daemon/annotations/names.ts";
import type { NotifyIo } from "../../daemon/cli/notify.ts";
import type { Api } from "../../daemon/cluster/api.ts";
import type { WholeNode } from "../../daemon/cluster/objects.ts";
import { shellWords } from "../../daemon/config/shell-words.ts";
import { type CycleRecord, writeRecord } from "../../daemon/cycle/record.ts";
import type { HttpAnswer } from "../../daemon/http/send.ts";
import { openDestinations } from "../../daemon/notify/source.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { idle, iso, minute, noon, record } from "../cycle/builders.ts";
import { type } from "../simulation/typed.ts";
import { type CheckCluster, startCheckCluster } from "./check-cluster.ts";
import { assertGolden } from "./golden.ts";

const { signal } = new AbortController();
const clock = { ...systemClock, wall: () => noon };
/** Nobody waits between two attempts. */
const hurried = { ...clock, sleep: async () => {} };
const lease = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/rebootd";

interface Case {
  /** Parts of the installation that are missing. */
  without?: string[];
  /** Commands that somebody has typed before. */
  first?: string[];
  lease?: Record<string, string>;
  n1?: Record<string, string>;
  /** Types the command; an administrator, without it. */
  as?: keyof typeof people;
  /** Another writer is faster each time. */
  isContended?: true;
  columns?: number;
}

type Row = readonly [situation: string, typed: string, setting?: Case];

const rule = (group: string, resource: string, verbs: string[]) => ({
  apiGroups: [group],
  resources: [resource],
  verbs,
});

/** Users by their rights. */
const people = {
  reader: [
    rule("apps", "daemonsets", ["list"]),
    rule("", "nodes", ["get"]),
    rule("coordination.k8s.io", "leases", ["get"]),
  ],
  annotator: [rule("", "nodes", ["get", "patch"])],
  nobody: [],
};

/** All changes are made under a version that is over. */
const contended = (api: Api): Api => ({
  ...api,
  patch: async (path, body, options) => {
    const metadata = { ...(body as { metadata?: object }).metadata, resourceVersion: "1" };
    return await api.patch(path, { metadata }, options);
  },
});

/** Answers of the servers of messages. */
const answers: Readonly<Record<string, () => HttpAnswer>> = {
  "push.example": () => ({ status: 200, text: "{}", headers: {} }),
  "strict.example": () => ({ status: 401, text: "the token-123456 is unknown", headers: {} }),
  "gone.example": () => {
    throw new Error("getaddrinfo ENOTFOUND gone.example");
  },
};
const openMessages: NotifyIo["openMessages"] = async ({ urls }) => ({
  destinations: await openDestinations({ urls, readMore: undefined, clock }),
  net: {
    send: async ({ url }) => (answers[new URL(url).host] ?? assert.fail(url))(),
    email: () => assert.fail("a mail was sent"),
  },
});

const recordOf = (one: CycleRecord) => ({ [contract.cycle.key]: writeRecord(one) });
const failed = recordOf(idle({ phase: "Failed", failures: 3 }));
const draining = recordOf(record({ phase: "Draining" }));
const down = recordOf(record({ phase: "Rebooting", askedAt: iso(noon - minute) }));

const slot = (nodeID: string, concurrency?: number) => ({
  nodeID,
  created: iso(noon - 5 * minute),
  TTL: 0,
  ...(concurrency !== undefined && { concurrency }),
});
const held = { [contract.lock.key]: JSON.stringify(slot("n1", 1)) };
const heldByTwo = {
  [contract.lock.key]: JSON.stringify({ maxOwners: 2, locks: [slot("n1", 2), slot("n2", 2)] }),
};
const heldForKured = { [contract.lock.key]: JSON.stringify(slot("n9")) };
const unreadable = { [contract.lock.key]: "{n1" };
const failures = {
  [contract.failures.key]: JSON.stringify([
    {
      node: "n1",
      at: iso(noon - 90 * minute),
      message: "pod shop/cart-0 was not evicted within 15m",
      haltAfter: 5,
      during: "drain",
    },
    {
      node: "worker-12.example.com",
      at: iso(noon - 2 * minute),
      message:
        "the node has not come back within 10m after the reboot was requested; look at its console, and at the boot loader",
      haltAfter: 3,
    },
  ]),
};
const unreadableFailures = { [contract.failures.key]: "three" };

/** The cases of all commands that change the lock's object. */
const clusterOfAll = (typed: string, given: Case = {}): Row[] => [
  ["there is no rebootd, and no object for the lock", typed, { without: ["DaemonSet", "Lease"] }],
  ["the object of the lock is missing", typed, { without: ["Lease"] }],
  ["the person may read, but not change", typed, { ...given, as: "reader" }],
  ["the person may nothing", typed, { ...given, as: "nobody" }],
  ["others change the lock each time", typed, { ...given, isContended: true }],
];

/** The cases of all commands that change a Node. */
const nodeOfAll = (typed: string, missing: string, given: Case = {}): Row[] => [
  ["the node is missing", missing],
  ["the person may read, but not change", typed, { ...given, as: "reader" }],
  ["the person may nothing", typed, { ...given, as: "nobody" }],
  ["others change the node each time", typed, { ...given, isContended: true }],
];

const push = "gotify://push.example/token-123456";

const tables: Readonly<Record<string, readonly Row[]>> = {
  lock: [
    ["nothing is locked", "lock"],
    ["nothing is locked, with a reason", "lock --reason 'new switch'"],
    ["it is locked already", "lock --reason 'new router'", { first: ["lock --reason 'new switch'"] }],
    ["a node holds a slot", "lock", { lease: held }],
    ["two nodes hold a slot", "lock", { lease: heldByTwo }],
    ["a node holds the lock for kured", "lock", { lease: heldForKured }],
    ["the lock cannot be read", "lock", { lease: unreadable }],
    ["another namespace is named", "lock --namespace ops"],
    ...clusterOfAll("lock"),
  ],
  unlock: [
    ["it is locked", "unlock", { first: ["lock --reason 'new switch'"] }],
    ["nothing is locked", "unlock"],
    ["nothing is locked, and nodes hold slots", "unlock", { lease: heldByTwo }],
    ["the node holds a slot", "unlock n1", { lease: heldByTwo }],
    ["the node holds a slot, and is missing", "unlock n2", { lease: heldByTwo }],
    ["the node holds no slot", "unlock n3", { lease: heldByTwo }],
    ["no node holds a slot", "unlock n1"],
    ["the node is down, and the lock has lost its slot", "unlock n1", { n1: down }],
    ["everything is to go", "unlock --all", { lease: heldByTwo }],
    ["the lock cannot be read", "unlock", { lease: unreadable }],
    ["the lock cannot be read, and the node is named", "unlock n1", { lease: unreadable }],
    ["the lock cannot be read, and everything is to go", "unlock --all", { lease: unreadable }],
    ["two things are asked for", "unlock n1 --all"],
    ...clusterOfAll("unlock n1", { lease: held }),
  ],
  pause: [
    ["the node is not paused", "pause n1"],
    ["the node is not paused, with a reason and an end", "pause n1 --until 2h --reason disk"],
    ["the node is paused already", "pause n1 --reason fan", { first: ["pause n1 --until 2h --reason disk"] }],
    [
      "an earlier pause is over",
      "pause n1",
      { n1: { [contract.paused.key]: `until ${iso(noon - minute)}: disk` } },
    ],
    ["all nodes", "pause --all --until 2026-12-24T06:00:00Z --reason racks"],
    ["all nodes are paused already", "pause --all", { first: ["pause --all --reason racks"] }],
    ["no node is named", "pause"],
    ["a node and all nodes", "pause n1 --all"],
    ["two nodes", "pause n1 n2"],
    ["the end is over", "pause n1 --until 2026-01-01T00:00:00Z"],
    ["the name is no name", "pause N1"],
    ...nodeOfAll("pause n1", "pause n9"),
    ...clusterOfAll("pause --all"),
  ],
  resume: [
    ["the node is paused", "resume n1", { first: ["pause n1 --until 2h --reason disk"] }],
    ["the node has failed", "resume n1", { n1: failed }],
    ["the node has failed, and is paused", "resume n1", { n1: failed, first: ["pause n1 --reason disk"] }],
    ["the node is neither paused nor has it failed", "resume n1"],
    ["all nodes are paused", "resume --all", { first: ["pause --all --reason racks"] }],
    ["too many nodes have failed", "resume --all", { lease: failures }],
    ["the same on 80 columns", "resume --all", { lease: failures, columns: 80 }],
    ["the same on 160 columns", "resume --all", { lease: failures, columns: 160 }],
    [
      "all nodes are paused, and too many have failed",
      "resume --all",
      { lease: failures, columns: 80, first: ["pause --all --reason racks"] },
    ],
    ["the failures cannot be read", "resume --all", { lease: unreadableFailures }],
    ["nothing is paused or halted", "resume --all"],
    ["no node is named", "resume"],
    ["a node and all nodes", "resume n1 --all"],
    ["the person may annotate nodes, and the node has failed", "resume n1", { n1: failed, as: "annotator" }],
    ...nodeOfAll("resume n1", "resume n9", { n1: { [contract.paused.key]: "disk" } }),
    ...clusterOfAll("resume --all", { lease: failures }),
  ],
  reboot: [
    ["nothing is requested", "reboot n1"],
    ["nothing is requested, with a reason, at once", "reboot n1 --urgent --reason firmware"],
    ["a reboot is requested already", "reboot n1", { first: ["reboot n1 --reason firmware"] }],
    [
      "an urgent reboot is requested already",
      "reboot n1",
      { first: ["reboot n1 --urgent --reason firmware"] },
    ],
    ["the node is paused", "reboot n1", { first: ["pause n1"] }],
    ["the node has failed", "reboot n1", { n1: failed }],
    ["the node is being drained", "reboot n1", { n1: draining }],
    ["no node is named", "reboot"],
    ["two nodes", "reboot n1 n2"],
    ...nodeOfAll("reboot n1", "reboot n9"),
  ],
  notify: [
    ["the message arrives", `notify --test ${push}`],
    ["two messages arrive", `notify --test ${push} gotify://push.example/token-654321`],
    ["one of two is refused", `notify --test ${push} gotify://strict.example/token-123456`],
    ["none arrives", "notify --test gotify://gone.example/token-123456 gotify://strict.example/token-123456"],
    ["no destination is known", "notify --test"],
    ["nothing is asked for", `notify ${push}`],
    ["the destination is none", "notify --test pigeon://push.example/token-123456"],
  ],
};

/** Each cluster is set up once for all cases, by the parts that are missing. */
const clusters = new Map<string, Promise<CheckCluster>>();

async function createCluster(without: string[]): Promise<CheckCluster> {
  const cluster = await startCheckCluster({ without });
  await cluster.addNode("n1");
  return cluster;
}

function clusterWithout(without: string[]): Promise<CheckCluster> {
  const key = without.join(" ");
  const cluster = clusters.get(key) ?? createCluster(without);
  clusters.set(key, cluster);
  return cluster;
}

/** The annotations of the object are these alone. */
async function annotate(api: Api, path: string, wanted: Record<string, string> = {}): Promise<void> {
  const { metadata } = await api.get<WholeNode>(path, { signal });
  const gone = Object.keys(metadata?.annotations ?? {}).map((key) => [key, null]);
  const annotations = { ...Object.fromEntries(gone), ...wanted };
  await api.patch(path, { metadata: { annotations } }, { signal });
}

const users = new Map<string, Promise<Api>>();

/** The cluster as the one sees it who types. */
async function apiOf({ api, userWith }: CheckCluster, { as, without = [], isContended }: Case): Promise<Api> {
  if (as === undefined) return isContended ? contended(api) : api;
  const key = [as, ...without].join(" ");
  const user = users.get(key) ?? userWith(people[as], as);
  users.set(key, user);
  return await user;
}

/** The case as a person sees it: what was typed, what was answered. */
async function shown([situation, typed, setting = {}]: Row): Promise<string> {
  const { without = [], first = [], columns, isContended } = setting;
  const cluster = await clusterWithout(without);
  if (!without.includes("Lease")) await annotate(cluster.api, lease, setting.lease);
  await annotate(cluster.api, "/api/v1/nodes/n1", setting.n1);
  const world = { api: cluster.api, signal, time: { clock: isContended ? hurried : clock } };
  for (const line of first) await type(world, shellWords(line));
  const api = await apiOf(cluster, setting);
  const { code, out, err } = await type(world, shellWords(typed), { api, columns, openMessages });
  const lines = [...first, typed].map((line) => `$ rebootd ${line}\n`).join("");
  return `# ${situation}\n${lines}${out}${err}exit code ${code}\n`;
}

describe("The answer to a change", () => {
  for (const [command, rows] of Object.entries(tables)) {
    it(`is that of the golden file, for each case of ${command}`, async () => {
      const texts: string[] = [];
      for (const row of rows) texts.push(await shown(row));
      assertGolden(`changes/${command}`, texts.join("\n"));
    });
  }
});
