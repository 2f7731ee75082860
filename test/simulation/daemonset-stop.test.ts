import assert from "node:assert/strict";
import { daemonUser } from "../world/manifests.ts";
import { createStory, minute } from "./story.ts";

const story = createStory();
const {
  addBudget,
  addDaemonSet,
  addPod,
  boots,
  evictions,
  isRebooted,
  look,
  node,
  pass,
  phase,
  podsOn,
  record,
  saysOf,
  start: startStory,
  until,
  wantReboot,
} = story;

/** Daemons that stop the pods of the DaemonSet cache, and may delete pods. */
const start = (options = {}) =>
  startStory({ "daemonset-stop-selector": "app=cache", ...options }, { components: ["delete-pods"] });
const grace = (seconds: number) => ({ terminationGracePeriodSeconds: seconds });

/** What the daemons deleted and evicted, in order, such as "evict web"; the random ends of names are cut. */
const ended = () =>
  story.world.server.ledger
    .entries({ user: daemonUser.name, resource: "pods" })
    .filter(
      ({ verb, subresource, status = 0 }) =>
        status < 300 && (verb === "delete" || subresource === "eviction"),
    )
    .map(
      ({ verb, name = "" }) =>
        `${verb === "delete" ? "delete" : "evict"} ${name.replace(/-[a-z0-9]{5}$/, "")}`,
    );
const isDraining = async () => (await phase()) === "Draining";
const isDown = async () => !story.world.machine("n1").isUp;

describe("A DaemonSet whose pods ask for a graceful stop", () => {
  afterEach(story.stop);

  it("has its pod deleted once, after all others and with its own grace, before the reboot", async () => {
    await start({ "drain-grace-period": "1" });
    await addDaemonSet("cache", grace(40));
    await addDaemonSet("agent");
    await addPod("web", { spec: grace(20) });
    await pass(5000);
    const before = await podsOn("n1");
    const graces: string[] = [];
    story.world.server.onChange("pods", ({ type, object, previous }) => {
      const { name = "", deletionGracePeriodSeconds: seconds } = object.metadata;
      if (type === "DELETED") graces.push(`${name} is gone`);
      else if (previous?.metadata.deletionTimestamp === undefined && seconds !== undefined)
        graces.push(`${name} has ${seconds} s`);
    });
    await wantReboot();
    await until("the machine is down", isDown, 2 * minute);
    const cache = before.find((name) => name.startsWith("cache-"));
    assert.deepEqual(graces, ["web has 1 s", "web is gone", `${cache} has 40 s`, `${cache} is gone`]);
    await until("it has rebooted", isRebooted, 5 * minute);
    assert.deepEqual(ended(), ["evict web", "delete cache"]);
    assert.ok(saysOf("stopping a pod of a DaemonSet"));
    const after = await podsOn("n1");
    const kept = (names: string[]) => names.filter((name) => name.startsWith("agent-"));
    assert.deepEqual(kept(after), kept(before), "others stay");
    assert.equal(after.filter((name) => name.startsWith("cache-")).length, 1);
  });

  it("is deleted past its budget, which holds no drain up", async () => {
    await start();
    await addDaemonSet("cache");
    await addBudget("cache");
    await wantReboot();
    await until("it has rebooted", isRebooted, 3 * minute);
    assert.deepEqual(ended(), ["delete cache"]);
  });

  it("is deleted once in a cycle, though the daemon is killed between the deletion and the reboot", async () => {
    await start({ "reboot-delay": "1m" });
    await addDaemonSet("cache");
    await wantReboot();
    await until("it is deleted", async () => ended().length > 0, minute);
    node("n1").crashDaemon();
    await pass(10_000);
    node("n1").crashDaemon();
    await until("it has rebooted", isRebooted, 5 * minute);
    assert.deepEqual(ended(), ["delete cache"]);
  });

  it("is deleted again by the next cycle", async () => {
    await start();
    await addDaemonSet("cache");
    await wantReboot();
    await until("it has rebooted", isRebooted, 3 * minute);
    await pass(minute);
    await wantReboot();
    await until("it has rebooted again", async () => boots() === 3, 5 * minute);
    assert.deepEqual(ended(), ["delete cache", "delete cache"]);
  });

  it("is not deleted by a drain that others keep from ending", async () => {
    await start({ preflight: "off", "drain-timeout": "1m" });
    await addDaemonSet("cache");
    await addPod("db");
    await addBudget("db");
    await wantReboot();
    await until("it is restored", async () => saysOf("the drain timed out"), 3 * minute);
    assert.deepEqual(ended(), []);
    assert.ok(saysOf("default/cache-") || saysOf("is deleted last"));
  });

  it("has no longer for it than the drain, which fails and says so", async () => {
    await start({ "drain-timeout": "1m" });
    await addDaemonSet("cache", { ...grace(3600) });
    story.world.server.faults.add({
      match: { verb: "delete", resource: "pods", where: ({ user }) => user !== daemonUser.name },
      effect: { status: 500 },
    });
    await wantReboot();
    await until("it has failed", async () => (await phase()) === "Failed", 5 * minute);
    assert.match(
      (await record())?.outcome?.message ?? "",
      /the drain timed out .*1 pod remains: default\/cache-/,
    );
    assert.deepEqual((await look()).cordoned, []);
  });

  it("keeps the node from its reboot where the right to delete pods is missing, and says which right", async () => {
    await startStory({ "daemonset-stop-selector": "app=cache" });
    await addDaemonSet("cache");
    await wantReboot();
    await until("it has failed", async () => (await phase()) === "Failed", minute);
    assert.match(
      (await record())?.outcome?.message ?? "",
      /cannot delete resource "pods".*components\/delete-pods/,
    );
    assert.equal(boots(), 1);
  });

  it("stays without the option, and where the selector is another", async () => {
    await start({ "daemonset-stop-selector": "app=other" });
    await addDaemonSet("cache");
    await wantReboot();
    await until("it drains", isDraining, 10_000);
    await until("it has rebooted", isRebooted, 3 * minute);
    assert.deepEqual([ended(), evictions()], [[], []]);
  });
});
