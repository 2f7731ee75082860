import assert from "node:assert/strict";
import { podStopAnnotation } from "../kubernetes/machines/pods.ts";
import { slowCluster } from "./small-world.ts";
import { createStory, minute, pods } from "./story.ts";
import { type } from "./typed.ts";

const story = createStory();
const { addPod, boots, evictions, isRebooted, pass, phase, reasons, record, start, until, wantReboot } =
  story;

const hour = 60 * minute;
const here = { nodeSelector: { "kubernetes.io/hostname": "n1" } };
const hasFailed = async () => (await phase()) === "Failed";
/** Counts what the daemons ask to go, by the name's beginning; days of it do not fit into the server's ledger. */
function countEvictions(): (name: string) => number {
  const asked: string[] = [];
  story.world.onDaemonRequest = (_, { path }) => {
    if (path.endsWith("/eviction")) asked.push(path);
  };
  return (name) => asked.filter((path) => path.includes(`/pods/${name}`)).length;
}

/** A job that ends three hours after it was told to, of the six that it has, and is only made for n1; and others beside it. */
const trainer = {
  name: "trainer",
  replicas: 1,
  annotations: { [podStopAnnotation]: String(3 * 3600) },
  spec: { ...here, terminationGracePeriodSeconds: 6 * 3600 },
};
const web = { name: "web", replicas: 4, spec: { terminationGracePeriodSeconds: 5 } };

describe("A pod whose grace is longer than the drain may take", () => {
  afterEach(story.stop);

  it("that does use it up is ended once, not by each drain again, until a person asks; and nor are the others", async () => {
    await start({}, { ...slowCluster, nodes: 2, workloads: [web, trainer] });
    const evictionsOf = countEvictions();
    await pass(5000);
    const before = await type(story.world, ["plan", "n1"]);
    assert.match(
      before.out,
      /trainer-\S+ +ordinary +21600s +has a grace period of 21600s, longer than --drain-timeout \(900s\)/,
    );
    assert.match(
      before.out,
      /it takes up to 6h, more than --drain-timeout: cancelled after 15m and uncordoned/,
    );
    await wantReboot();
    await until("it has failed", hasFailed);
    assert.match(
      (await record())?.outcome?.message ?? "",
      /trainer-\S+: has a grace period until .*, after the deadline/,
    );
    assert.equal((await record())?.slowGraceSeconds, 6 * 3600);
    const webs = evictionsOf("web");
    await pass(2 * hour);
    assert.match(
      (await reasons())[0] ?? "",
      /^disruption \(.*trainer-\S+: is already terminating and may take until/,
    );
    await pass(10 * hour);
    const [said = ""] = await reasons();
    assert.match(
      said,
      /^disruption \(long-grace\): .*trainer-\S+: has a grace period of 21600s, .* has outlasted a drain here/,
    );
    assert.deepEqual([evictionsOf("trainer"), evictionsOf("web"), boots()], [1, webs, 1]);
    const after = await type(story.world, ["plan", "n1"]);
    assert.match(
      after.out,
      /1 pod blocks the drain.*\n\nBLOCKS THE DRAIN +WHY\ndefault\/trainer-\S+ +has a grace period of 21600s/,
    );
    await type(story.world, ["reboot", "n1"]);
    await until("it is ended again", async () => evictionsOf("trainer") === 2, 60 * minute);
  });

  it("holds the node no more once it has gone, or the drain may take as long", async () => {
    await start({}, { ...slowCluster, nodes: 2, workloads: [trainer] });
    await pass(5000);
    await wantReboot();
    await until("it has failed", hasFailed);
    await pass(8 * hour);
    assert.match((await reasons())[0] ?? "", /long-grace/);
    story.world.restartDaemon("n1", { "drain-timeout": "7h" });
    await until("n1 has rebooted", isRebooted, 5 * 60 * minute);
    assert.equal((await record())?.slowGraceSeconds, undefined);
  });

  it("that uses up little of it, as databases do, keeps no node from rebooting", async () => {
    await start({}, { nodes: 2 });
    await addPod("pg-1", { spec: { terminationGracePeriodSeconds: 1800 } });
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 2 * minute);
  });

  it("is given less by --drain-grace-period, and then holds nothing", async () => {
    await start({ "drain-grace-period": "60" }, { nodes: 2, workloads: [trainer] });
    await pass(5000);
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 200_000);
  });
});

describe("A pod that is ending already, for longer than the drain may take", () => {
  afterEach(story.stop);

  it("is waited for before the start, which says until when, and nothing else is evicted meanwhile", async () => {
    await start({}, { nodes: 1 });
    await addPod("web");
    await story.world.api.create(
      pods,
      {
        metadata: { name: "job", annotations: { [podStopAnnotation]: "3500" } },
        spec: {
          nodeName: "n1",
          terminationGracePeriodSeconds: 3600,
          containers: [{ name: "main", image: "app:1" }],
        },
      },
      { signal: story.world.signal },
    );
    await pass(5000);
    await story.world.api.delete(`${pods}/job`, {}, { signal: story.world.signal });
    const end = story.world.time.clock.wall() + hour;
    await wantReboot();
    await pass(minute);
    const time = (ms: number) => new Date(ms).toISOString().slice(0, 17);
    const [said = ""] = await reasons();
    assert.ok(
      said.startsWith(
        `disruption (ending-late): the drain could not succeed: default/job: is already terminating and may take until ${time(end)}`,
      ),
      said,
    );
    assert.ok(said.includes(`no drain starts before ${time(end - 15 * minute)}`), said);
    await pass(30 * minute);
    assert.deepEqual([await phase(), evictions()], ["Waiting", []]);
    await until("it drains", async () => (await phase()) === "Draining", 16 * minute);
    const startedAt = story.world.time.clock.wall();
    assert.ok(
      startedAt >= end - 15 * minute && startedAt < end - 14 * minute,
      "as soon as the rest fits into a drain",
    );
    await until("n1 has rebooted", isRebooted, 1_000_000);
  });

  it("holds nothing once its time is over, whoever holds it then", async () => {
    await start({ "drain-timeout": "2m" }, { nodes: 1 });
    await addPod("stuck", { finalizers: ["example.com/backup"] });
    await pass(5000);
    await story.world.api.delete(`${pods}/stuck`, {}, { signal: story.world.signal });
    await pass(10 * minute);
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining", 30_000);
  });
});
