/**
 * The meaning of kured's flags and variables: each on the simulated cluster, where the daemon was started with it, has
 * kured's ServiceAccount and kured's DaemonSet. Flags that are about the machine alone are in test/kured/host.test.ts.
 */
import assert from "node:assert/strict";
import type { WholeNode } from "../../daemon/cluster/objects.ts";
import { variableOf } from "../../daemon/kured/flag.ts";
import { type FlagName, flagNames } from "../../daemon/kured/flags.ts";
import { translateKured } from "../../daemon/kured/translate.ts";
import type { HttpPost } from "../../daemon/prometheus/server.ts";
import { hostFlags } from "../kured/host-flags.ts";
import { alert, vector } from "../prometheus/servers.ts";
import { createMessageReceiver } from "./message-receiver.ts";
import { type SmallWorldOptions, slowCluster } from "./small-world.ts";
import { createStory, minute } from "./story.ts";

const story = createStory();
const { addBudget, addPod, boots, evictions, isRebooted, look, node, pass, phase, readNode, until } = story;
const wantReboot = () => story.wantReboot();
const hour = 60 * minute;

type Given = Readonly<Partial<Record<FlagName, string>>>;
type Start = (given?: Given, more?: Partial<SmallWorldOptions>) => Promise<void>;
type Source = "flags" | "variables";

const lockKey = "weave.works/kured-node-lock";
const daemonSetPath = (name: string, namespace = "kube-system") =>
  `/apis/apps/v1/namespaces/${namespace}/daemonsets/${name}`;
const now = () => story.world.time.clock.wall();

/** Starts the daemons as kured, with these flags or variables; each has the name of its node as a variable besides. */
function startAs(source: Source): Start {
  return async (given = {}, more = {}) => {
    const pairs = Object.entries(given);
    const args = source === "flags" ? pairs.map(([name, value]) => `--${name}=${value}`) : [];
    const variables = source === "flags" ? [] : pairs.map(([name, value]) => [variableOf(name), value]);
    const { raw } = translateKured(args, { KURED_NODE_ID: "n1", ...Object.fromEntries(variables) });
    const { "node-id": _, ...options } = raw;
    await story.start(options, { rights: "kured", ...more });
  };
}

/** The lock's text at a DaemonSet. */
async function lockOf(name = "kured", key = lockKey, namespace = "kube-system"): Promise<string | undefined> {
  const { metadata } = await story.world.api.get<WholeNode>(daemonSetPath(name, namespace), story.world);
  return metadata?.annotations?.[key];
}

/** As kured's manifest does it for its own DaemonSet. */
async function grantUpdate(daemonSet: string, namespace: string): Promise<void> {
  const metadata = { name: "kured", namespace };
  const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
  const rules = [
    { apiGroups: ["apps"], resources: ["daemonsets"], resourceNames: [daemonSet], verbs: ["update"] },
  ];
  const subjects = [{ kind: "ServiceAccount", name: "kured", namespace: "kube-system" }];
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "kured" };
  await story.world.api.create(`${path}/roles`, { metadata, rules }, story.world);
  await story.world.api.create(`${path}/rolebindings`, { metadata, roleRef, subjects }, story.world);
}

async function setLock(value: string | null): Promise<void> {
  const metadata = { annotations: { [lockKey]: value } };
  await story.world.api.patch(daemonSetPath("kured"), { metadata }, story.world);
}

/** Each change of n1 and of the lock, with its time in milliseconds. */
function watchTimes() {
  const seen: { at: number; isCordoned: boolean; lock: string | undefined; node: WholeNode }[] = [];
  const add = () => {
    const stored = story.world.server.stored("nodes", "n1") as WholeNode | undefined;
    const lock = story.world.server.stored("daemonsets.apps", "kube-system/kured")?.metadata.annotations?.[
      lockKey
    ];
    if (stored === undefined) return;
    seen.push({ at: now(), isCordoned: stored.spec?.unschedulable === true, lock, node: stored });
  };
  add();
  story.world.server.onChange("nodes", add);
  story.world.server.onChange("daemonsets.apps", add);
  const first = (what: string, is: (one: (typeof seen)[number], at: number) => boolean) =>
    seen.find(is)?.at ?? assert.fail(`it was never ${what}`);
  return {
    lockedAt: () => first("locked", ({ lock }) => lock !== undefined),
    cordonedAt: () => first("cordoned", ({ isCordoned }) => isCordoned),
    uncordonedAt: () =>
      first("uncordoned", ({ isCordoned }, at) => !isCordoned && seen[at - 1]?.isCordoned === true),
    releasedAt: () =>
      first("released", ({ lock }, at) => lock === undefined && seen[at - 1]?.lock !== undefined),
    askedAt: () =>
      story.world.events.find(({ type }) => type === "going-down")?.at ?? assert.fail("it was never asked"),
    nodes: () => seen.map(({ node: one }) => one),
  };
}

function expectAbout(ms: number, wantedMs: number): void {
  assert.ok(ms >= wantedMs - 100 && ms <= wantedMs + 6000, `${ms} ms, not about ${wantedMs}`);
}

const hasRebooted = () => until("n1 has rebooted", isRebooted);

/** A pod that a budget keeps for ever. */
async function addStuckPod(): Promise<void> {
  await addPod("db");
  await addBudget("db");
  await pass(3000);
}

let prometheus: HttpPost = vector();
const asked = { post: (...question: Parameters<HttpPost>) => prometheus(...question) };
const prometheusUrl = "http://prometheus:9090";

/** Whether a node that needs a reboot gets it while these alerts are active. */
async function rebootsWith(
  start: Start,
  given: Given,
  ...alerts: ReturnType<typeof alert>[]
): Promise<boolean> {
  prometheus = vector(...alerts);
  await start({ "prometheus-url": prometheusUrl, ...given }, asked);
  await wantReboot();
  await pass(5 * minute);
  const rebooted = boots() === 2;
  await story.stop();
  return rebooted;
}

/** Whether the node reboots within ten minutes from that time of the day on; the world begins at noon, on a Tuesday. */
async function rebootsAt(start: Start, given: Given, hoursLater: number): Promise<boolean> {
  await start(given, slowCluster);
  await pass(hoursLater * hour);
  await wantReboot();
  await pass(10 * minute);
  const rebooted = boots() === 2;
  await story.stop();
  return rebooted;
}

/** The body of the last message, as `generic://` gets it. */
async function messagesWith(start: Start, given: Given): Promise<string[]> {
  const receiver = createMessageReceiver(() => story.world.time.clock);
  await start({ "notify-url": receiver.url(), ...given }, { receive: receiver.receive });
  await wantReboot();
  await hasRebooted();
  return receiver.arrived.map(({ text }) => text);
}

/** [flags, what they mean, the story that shows it]. */
const meanings: readonly [flags: readonly FlagName[], what: string, tell: (start: Start) => Promise<void>][] =
  [
    [
      ["period"],
      "is how often the daemon looks for what nobody tells it",
      async (start) => {
        await start({ period: "10m" });
        await story.patchNode({ metadata: { annotations: { "rebootd.dev/paused": "later" } } });
        await wantReboot();
        await pass(11 * minute);
        assert.equal(boots(), 1);
        await story.patchNode({ metadata: { annotations: { "rebootd.dev/paused": null } } });
        await until("n1 has rebooted", isRebooted, 12 * minute);
      },
    ],
    [
      ["reboot-delay"],
      "waits between the drain and the reboot, with the lock and the cordon",
      async (start) => {
        await start({ "reboot-delay": "1m30s" });
        const times = watchTimes();
        await wantReboot();
        await hasRebooted();
        expectAbout(times.askedAt() - times.cordonedAt(), 90_000);
      },
    ],
    [
      ["drain-delay"],
      "waits between the lock and the cordon",
      async (start) => {
        await start({ "drain-delay": "45s" });
        const times = watchTimes();
        await wantReboot();
        await hasRebooted();
        expectAbout(times.cordonedAt() - times.lockedAt(), 45_000);
      },
    ],
    [
      ["drain-timeout"],
      "fails a drain that lasts longer, restores the node and releases the lock",
      async (start) => {
        await start({ "drain-timeout": "2m" });
        await addStuckPod();
        const times = watchTimes();
        await wantReboot();
        await until("it fails", async () => (await phase()) === "Failed");
        expectAbout(times.uncordonedAt() - times.cordonedAt(), 120_000);
        assert.ok(times.releasedAt() >= times.uncordonedAt(), "the lock goes first, as in kured");
        assert.deepEqual([boots(), await lockOf()], [1, undefined]);
      },
    ],
    [
      ["drain-timeout"],
      "has an end also at 0",
      async (start) => {
        await start({ "drain-timeout": "0" });
        await addStuckPod();
        await wantReboot();
        await pass(55 * minute);
        assert.equal(await phase(), "Draining");
        await until("it fails", async () => (await phase()) === "Failed", 6 * minute);
        assert.deepEqual([await lockOf(), boots()], [undefined, 1]);
      },
    ],
    [
      ["force-reboot", "drain-timeout"],
      "reboots a node whose drain has failed, once it has failed",
      async (start) => {
        await start({ "force-reboot": "true", "drain-timeout": "2m" });
        await addStuckPod();
        const times = watchTimes();
        await wantReboot();
        await hasRebooted();
        expectAbout(times.askedAt() - times.cordonedAt(), 120_000);
      },
    ],
    [
      ["force-reboot"],
      "reboots past no drain without a limit, as in kured",
      async (start) => {
        await start({ "force-reboot": "true" });
        await addStuckPod();
        await wantReboot();
        await until("it fails", async () => (await phase()) === "Failed", 62 * minute);
        assert.deepEqual([boots(), await lockOf()], [1, undefined]);
      },
    ],
    [
      ["drain-grace-period"],
      "is the grace of each pod",
      async (start) => {
        await start({ "drain-grace-period": "7" });
        await addPod("web", { finalizers: ["example.com/seen"] });
        await wantReboot();
        await until("it is evicted", async () => evictions().length > 0);
        const { metadata } = story.world.server.stored("pods", "default/web") ?? assert.fail("it is gone");
        assert.equal((metadata as { deletionGracePeriodSeconds?: number }).deletionGracePeriodSeconds, 7);
      },
    ],
    [
      ["drain-pod-selector"],
      "evicts these pods alone",
      async (start) => {
        await start({ "drain-pod-selector": "app in (web)" });
        await addPod("web");
        await addPod("cache");
        await wantReboot();
        await hasRebooted();
        assert.deepEqual(evictions(), ["web 201"]);
      },
    ],
    [
      ["skip-wait-for-delete-timeout"],
      "does not wait for a pod that has been terminating so long",
      async (start) => {
        await start({ "skip-wait-for-delete-timeout": "60" });
        await addPod("stuck", { finalizers: ["example.com/never"] });
        await story.world.api.delete("/api/v1/namespaces/default/pods/stuck", {}, story.world);
        await wantReboot();
        await until("n1 has rebooted", isRebooted, 5 * minute);
      },
    ],
    [
      ["ds-name", "ds-namespace", "lock-annotation"],
      "name the object and the annotation of the lock",
      async (start) => {
        const key = "example.com/lock";
        const given = { "ds-name": "kured-blue", "ds-namespace": "infra", "lock-annotation": key };
        await start(given);
        await story.world.api.create("/api/v1/namespaces", { metadata: { name: "infra" } }, story.world);
        await grantUpdate("kured-blue", "infra");
        const labels = { name: "kured-blue" };
        const body = {
          metadata: { name: "kured-blue", annotations: { [key]: '{"nodeID":"manual"}' } },
          spec: {
            selector: { matchLabels: labels },
            template: {
              metadata: { labels },
              spec: { nodeSelector: { "example.com/none": "true" }, containers: [{ name: "a", image: "a" }] },
            },
          },
        };
        await story.world.api.create("/apis/apps/v1/namespaces/infra/daemonsets", body, story.world);
        await wantReboot();
        await pass(5 * minute);
        assert.equal(boots(), 1, "people have locked it");
        await story.world.api.patch(
          daemonSetPath("kured-blue", "infra"),
          { metadata: { annotations: { [key]: null } } },
          story.world,
        );
        await hasRebooted();
        assert.equal(await lockOf("kured-blue", key, "infra"), undefined);
      },
    ],
    [
      ["ds-name", "ds-namespace", "lock-annotation", "concurrency"],
      "are kured's by default, and the lock is in kured's shape for one holder",
      async (start) => {
        await start({ "reboot-delay": "1m" });
        await wantReboot();
        await until("it is locked", async () => (await lockOf()) !== undefined);
        const lock = JSON.parse((await lockOf()) ?? "");
        assert.deepEqual([lock.nodeID, lock.metadata, lock.TTL], ["n1", { unschedulable: false }, 0]);
        assert.match(lock.created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
      },
    ],
    [
      ["concurrency"],
      "of 1 stops all nodes for a lock of people",
      async (start) => {
        await start({ concurrency: "1" });
        await setLock('{"nodeID":"manual"}');
        await wantReboot();
        await pass(30 * minute);
        assert.equal(boots(), 1);
        await setLock(null);
        await hasRebooted();
      },
    ],
    [
      ["concurrency"],
      "of 2 has two nodes down and no third, in kured's shape for several; a lock of people stops all",
      async (start) => {
        await start({ concurrency: "2", "reboot-delay": "2m" }, { nodes: 3 });
        for (const { name } of story.world.machines) node(name).wantsReboot();
        await until("two are cordoned", async () => (await look()).cordoned.length === 2);
        const { maxOwners, locks } = JSON.parse((await lockOf()) ?? "");
        assert.deepEqual([maxOwners, locks.length], [2, 2]);
        await setLock('{"nodeID":"manual"}');
        await pass(20 * minute);
        const down = story.world.machines.filter((machine) => machine.boots.length > 1);
        assert.deepEqual([down, (await look()).cordoned], [[], []], "kured would overwrite it, and go on");
      },
    ],
    [
      ["lock-ttl"],
      "is written into the lock in nanoseconds, and lets others take over what has expired",
      async (start) => {
        await start({ "lock-ttl": "30m", "reboot-delay": "1m", period: "1m" });
        const created = new Date(now()).toISOString();
        const held = { nodeID: "n9", metadata: { unschedulable: false }, created, TTL: 600e9 };
        await story.world.api.create("/api/v1/nodes", { metadata: { name: "n9" } }, story.world);
        await setLock(JSON.stringify(held));
        await wantReboot();
        await pass(9 * minute);
        assert.equal(JSON.parse((await lockOf()) ?? "").nodeID, "n9");
        await until(
          "n1 holds the lock",
          async () => /"nodeID":"n1"/.test((await lockOf()) ?? ""),
          5 * minute,
        );
        const lock = JSON.parse((await lockOf()) ?? "");
        const entry = lock.locks?.find(({ nodeID }: { nodeID: string }) => nodeID === "n1") ?? lock;
        assert.equal(entry.TTL, 1800e9);
        await hasRebooted();
      },
    ],
    [
      ["lock-release-delay"],
      "keeps the lock after the uncordon",
      async (start) => {
        await start({ "lock-release-delay": "3m" });
        const times = watchTimes();
        await wantReboot();
        await hasRebooted();
        expectAbout(times.releasedAt() - times.uncordonedAt(), 180_000);
      },
    ],
    [
      ["prometheus-url"],
      "keeps a node waiting while an alert is active, pending ones too, and while nobody answers",
      async (start) => {
        assert.equal(await rebootsWith(start, {}), true);
        assert.equal(await rebootsWith(start, {}, alert("DiskFull")), false);
        assert.equal(await rebootsWith(start, {}, alert("DiskFull", "pending")), false);
        await start({ "prometheus-url": prometheusUrl }, { post: async () => ({ status: 500, text: "" }) });
        await wantReboot();
        await pass(5 * minute);
        assert.equal(boots(), 1);
      },
    ],
    [
      ["alert-filter-regexp"],
      "ignores alerts whose names it matches anywhere; an empty one ignores none",
      async (start) => {
        const filter = { "alert-filter-regexp": "Reboot|Watchdog" };
        assert.equal(await rebootsWith(start, filter, alert("NodeRebootRequired")), true);
        assert.equal(await rebootsWith(start, filter, alert("Watchdog"), alert("DiskFull")), false);
        assert.equal(await rebootsWith(start, { "alert-filter-regexp": "" }, alert("DiskFull")), false);
      },
    ],
    [
      ["alert-filter-match-only"],
      "makes only alerts count that match; without an expression all count",
      async (start) => {
        const only = { "alert-filter-match-only": "true" };
        const filter = { ...only, "alert-filter-regexp": "^Etcd" };
        assert.equal(await rebootsWith(start, filter, alert("DiskFull")), true);
        assert.equal(await rebootsWith(start, filter, alert("EtcdSlow")), false);
        assert.equal(await rebootsWith(start, only, alert("DiskFull")), false);
      },
    ],
    [
      ["alert-firing-only"],
      "lets pending alerts pass",
      async (start) => {
        const firing = { "alert-firing-only": "true" };
        assert.equal(await rebootsWith(start, firing, alert("DiskFull", "pending")), true);
        assert.equal(await rebootsWith(start, firing, alert("DiskFull")), false);
      },
    ],
    [
      ["blocking-pod-selector"],
      "keeps a node waiting while such a pod runs on it, as a variable too",
      async (start) => {
        await start({ "blocking-pod-selector": "app=batch,tier!=x" });
        await addPod("batch");
        await wantReboot();
        await pass(10 * minute);
        assert.deepEqual([boots(), evictions()], [1, []]);
        await story.world.api.delete("/api/v1/namespaces/default/pods/batch", {}, story.world);
        await hasRebooted();
      },
    ],
    [
      ["reboot-days"],
      "lets nodes reboot on these days",
      async (start) => {
        assert.equal(await rebootsAt(start, { "reboot-days": "tue" }, 0), true);
        assert.equal(await rebootsAt(start, { "reboot-days": "1,we" }, 0), false);
        assert.equal(await rebootsAt(start, { "reboot-days": "1,we" }, 13), true);
      },
    ],
    [
      ["start-time", "end-time"],
      "are the edges of the window",
      async (start) => {
        const window = { "start-time": "14:00", "end-time": "5pm" };
        assert.equal(await rebootsAt(start, window, 0), false);
        assert.equal(await rebootsAt(start, window, 2.5), true);
        assert.equal(await rebootsAt(start, window, 5.5), false);
      },
    ],
    [
      ["reboot-days", "start-time", "end-time"],
      "over midnight mean both ends of the same day, as in kured",
      async (start) => {
        const window = { "reboot-days": "wed", "start-time": "22:00", "end-time": "4:00" };
        assert.equal(await rebootsAt(start, window, 10.5), false, "on Tuesday at 22:30");
        assert.equal(await rebootsAt(start, window, 13), true, "on Wednesday at 1:00");
        assert.equal(await rebootsAt(start, window, 20), false, "on Wednesday at 8:00");
        assert.equal(await rebootsAt(start, window, 34.5), true, "on Wednesday at 22:30");
        assert.equal(await rebootsAt(start, window, 37), false, "on Thursday at 1:00");
      },
    ],
    [
      ["time-zone"],
      "is the zone of the window",
      async (start) => {
        const window = { "start-time": "20:30", "end-time": "22:30" };
        assert.equal(await rebootsAt(start, { ...window, "time-zone": "Asia/Tokyo" }, 0), true);
        assert.equal(await rebootsAt(start, { ...window, "time-zone": "" }, 0), false);
      },
    ],
    [
      ["annotate-nodes"],
      "annotates a node that needs a reboot, also while it waits, and ends that with the uncordon",
      async (start) => {
        await start({ "annotate-nodes": "true" });
        await setLock('{"nodeID":"manual"}');
        const annotations = async () => {
          const {
            "weave.works/kured-reboot-in-progress": progress,
            "weave.works/kured-most-recent-reboot-needed": recent,
          } = (await readNode()).metadata?.annotations ?? {};
          return { progress, recent };
        };
        await wantReboot();
        await pass(2 * minute);
        const { progress, recent } = await annotations();
        assert.match(progress ?? "", /^2026-11-24T12:0\d:\d\dZ$/);
        assert.equal(recent, progress);
        await setLock(null);
        await hasRebooted();
        assert.deepEqual(await annotations(), { progress: undefined, recent });
      },
    ],
    [
      ["annotate-nodes"],
      "annotates no node outside the window, and ends where the need goes away, unlike kured",
      async (start) => {
        await start({ "annotate-nodes": "true", "start-time": "13:00" });
        await wantReboot();
        await pass(10 * minute);
        const key = "weave.works/kured-reboot-in-progress";
        assert.equal((await readNode()).metadata?.annotations?.[key], undefined);
        await setLock('{"nodeID":"manual"}');
        await pass(55 * minute);
        assert.ok((await readNode()).metadata?.annotations?.[key]);
        node("n1").wantsNoReboot();
        await pass(2 * minute);
        assert.equal((await readNode()).metadata?.annotations?.[key], undefined);
      },
    ],
    [
      ["pre-reboot-node-labels", "post-reboot-node-labels"],
      "label the node before the cordon and after the uncordon",
      async (start) => {
        await start({
          "pre-reboot-node-labels": "example.com/state=rebooting,example.com/drained=soon",
          "post-reboot-node-labels": "example.com/state=rebooted",
        });
        const times = watchTimes();
        await wantReboot();
        await hasRebooted();
        const cordoned = times.nodes().filter(({ spec }) => spec?.unschedulable);
        for (const { metadata } of cordoned)
          assert.equal(metadata?.labels?.["example.com/state"], "rebooting");
        const { labels = {} } = (await readNode()).metadata ?? {};
        assert.deepEqual(
          [labels["example.com/state"], labels["example.com/drained"]],
          ["rebooted", undefined],
        );
      },
    ],
    [
      ["prefer-no-schedule-taint"],
      "taints a node that waits for the lock, and not one that needs no reboot",
      async (start) => {
        await start({ "prefer-no-schedule-taint": "example.com/pending" });
        const taints = async () =>
          ((await readNode()).spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`);
        assert.deepEqual(await taints(), []);
        await setLock('{"nodeID":"manual"}');
        await wantReboot();
        await pass(2 * minute);
        assert.deepEqual(await taints(), ["example.com/pending:PreferNoSchedule"]);
        node("n1").wantsNoReboot();
        await pass(2 * minute);
        assert.deepEqual(await taints(), []);
      },
    ],
    [
      ["notify-url", "message-template-drain", "message-template-reboot", "message-template-uncordon"],
      "send kured's words by default",
      async (start) => {
        assert.deepEqual(await messagesWith(start, {}), [
          "Draining node n1",
          "Rebooting node n1",
          "Node n1 rebooted & uncordoned successfully!",
        ]);
      },
    ],
    [
      ["message-template-drain", "message-template-reboot", "message-template-uncordon"],
      "have the words of people",
      async (start) => {
        const given = {
          "message-template-drain": "%s: drain",
          "message-template-reboot": "reboot of %s at 100%",
          "message-template-uncordon": "all done",
        };
        assert.deepEqual(await messagesWith(start, given), ["n1: drain", "reboot of n1 at 100%", "all done"]);
      },
    ],
    [
      ["slack-hook-url", "slack-username", "slack-channel"],
      "send to that webhook, under the name and in the channel that it has, as in kured",
      async (start) => {
        const requests: string[] = [];
        const given = {
          "slack-hook-url": "'https://hooks.slack.com/services/T0000/B0000/token0000'",
          "slack-username": "somebody",
          "slack-channel": "#ops",
        };
        await start(given, {
          receive: async ({ url, body }) => {
            requests.push(`${url} ${body}`);
            return { status: 200, text: "ok", headers: {} };
          },
        });
        await wantReboot();
        await hasRebooted();
        assert.equal(requests.length, 3);
        for (const one of requests)
          assert.ok(one.startsWith("https://hooks.slack.com/services/T0000/B0000/token0000 "), one);
        assert.doesNotMatch(requests.join(), /#ops|username|channel/);
      },
    ],
    [
      ["log-format"],
      "writes objects with kured's fields, or its lines of text",
      async (start) => {
        await start({ "log-format": "json" });
        await wantReboot();
        await hasRebooted();
        for (const line of story.world.logs) {
          const { time, level, msg } = JSON.parse(line);
          assert.match(`${time} ${level} ${msg}`, /^2026-11-24T\d\d:\d\d:\d\dZ (info|warning) \S/);
        }
        await story.stop();
        await start({ "log-format": "anything" });
        await wantReboot();
        await hasRebooted();
        for (const line of story.world.logs)
          assert.match(line, /^time="2026-11-24T\d\d:\d\d:\d\dZ" level=(info|warning) msg=/);
      },
    ],
  ];

describe("In kured's place", () => {
  afterEach(story.stop);

  it("each flag has a story here, or is about the machine", () => {
    const told = new Set<FlagName>([...meanings.flatMap(([flags]) => flags), ...hostFlags]);
    assert.deepEqual(
      flagNames.filter((name) => !told.has(name)),
      [],
    );
  });

  for (const source of ["flags", "variables"] as const) {
    describe(`with ${source}`, () => {
      for (const [flags, what, tell] of meanings) {
        const names = flags.map((name) => (source === "flags" ? `--${name}` : variableOf(name)));
        it(`${names.join(", ")} ${what}`, () => tell(startAs(source)));
      }
    });
  }
});

describe("Where the image was changed while kured held the lock", () => {
  afterEach(story.stop);

  const start = startAs("flags");
  /** As kured writes it on this node, some minutes ago. */
  const heldBy = (nodeID: string, unschedulable = false) =>
    JSON.stringify({
      nodeID,
      metadata: { unschedulable },
      created: new Date(now() - 2 * minute).toISOString(),
      TTL: 0,
    });
  const isFree = async () => (await lockOf()) === undefined;

  it("a node that has rebooted since is uncordoned and labelled, and the lock is released", async () => {
    await start({ "post-reboot-node-labels": "example.com/state=rebooted" });
    await pass(3 * minute);
    await setLock(heldBy("n1"));
    await story.setCordon(true);
    await story.world.machine("n1").shutDown();
    await until("the lock is free", isFree, 5 * minute);
    const { metadata, spec } = await readNode();
    assert.deepEqual([spec?.unschedulable, metadata?.labels?.["example.com/state"]], [undefined, "rebooted"]);
    await wantReboot();
    await until("n1 reboots as ever", async () => boots() === 3);
  });

  it("a node that has not is left for ten minutes, as it may be about to go down, and then restored", async () => {
    await start();
    await pass(3 * minute);
    await setLock(heldBy("n1"));
    await story.setCordon(true);
    node("n1").crashDaemon();
    await pass(7 * minute);
    assert.equal((await readNode()).spec?.unschedulable, true);
    assert.ok(!(await isFree()));
    await until("the lock is free", isFree, 5 * minute);
    assert.equal((await readNode()).spec?.unschedulable, undefined);
    assert.equal(boots(), 1);
  });

  it("a node that a person had cordoned before stays cordoned, and the lock is released", async () => {
    await start();
    await pass(3 * minute);
    await setLock(heldBy("n1", true));
    await story.setCordon(true);
    await story.world.machine("n1").shutDown();
    await until("the lock is free", isFree, 5 * minute);
    assert.equal((await readNode()).spec?.unschedulable, true);
  });

  it("the lock of another node, and of people, stays", async () => {
    for (const holder of ["n9", "people"]) {
      await start();
      await story.world.api.create("/api/v1/nodes", { metadata: { name: "n9" } }, story.world);
      const lock = holder === "n9" ? heldBy("n9") : '{"nodeID":"n1"}';
      await setLock(lock);
      node("n1").crashDaemon();
      await pass(20 * minute);
      assert.equal(await lockOf(), lock);
      await story.stop();
    }
  });
});
