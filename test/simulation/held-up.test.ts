/** What a budget holds up goes on as soon as the budget lets it, and asks little until then. */
import assert from "node:assert/strict";
import { daemonUser } from "../world/manifests.ts";
import { isFromDaemon, type SmallWorldOptions } from "./small-world.ts";
import { createStory, minute } from "./story.ts";

type Between = NonNullable<SmallWorldOptions["between"]>;
const story = createStory();
const { addBudget, addPod, evictions, isRebooted, node, pass, phase, saysOf, start, until, wantReboot } =
  story;

const budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
const isWatch: typeof isFromDaemon = (facts) =>
  isFromDaemon(facts) && facts.verb === "watch" && facts.resource === "poddisruptionbudgets";
const forbidden = { code: 403, reason: "Forbidden", message: "watching is forbidden" };

const patchBudget = (name: string, spec: object) =>
  story.world.api.patch(`${budgets}/${name}`, { spec }, { signal: story.world.signal });
const refusals = () => evictions().filter((one) => one.endsWith("429")).length;
const watches = () =>
  story.world.server.ledger.count({ user: daemonUser.name, verb: "watch", resource: "poddisruptionbudgets" });
const requests = () => story.world.server.ledger.count({ user: daemonUser.name });
/** How long it takes until that is so, in seconds of the world's clock. */
async function secondsUntil(isSo: () => boolean | Promise<boolean>): Promise<number> {
  const began = story.world.time.clock.elapsed();
  for (let passed = 0; passed < 15 * minute && !(await isSo()); passed += 50) await pass(50);
  return (story.world.time.clock.elapsed() - began) / 1000;
}

describe("A drain that a budget holds up", () => {
  afterEach(story.stop);

  const isGone = (name: string) => () => evictions().includes(`${name} 201`);

  async function startHeld(...[options, world]: Parameters<typeof start>): Promise<void> {
    await start({ preflight: "off", "drain-timeout": "1h", ...options }, world);
    await addPod("db");
    await addBudget("db", "db", { minAvailable: 1 });
    await wantReboot();
    await until("an eviction is refused", async () => refusals() > 0);
  }

  for (const minutes of [1, 9, 31]) {
    it(`goes on within 2 s of a budget that opens after ${minutes} min`, async () => {
      await startHeld();
      await pass(minutes * minute);
      assert.deepEqual(evictions().at(-1), "db 429");
      await patchBudget("db", { minAvailable: 0 });
      const seconds = await secondsUntil(isGone("db"));
      assert.ok(seconds <= 2, `${seconds} s`);
      await until("n1 has rebooted", isRebooted);
    });
  }

  it("goes on within 2 s of a refusal that comes late, where the budget has opened meanwhile", async () => {
    let answersMs = 0;
    const between: Between = (_, transport) => async (request) => {
      const answer = await transport(request);
      if (request.path.endsWith("/eviction")) await story.world.time.clock.sleep(answersMs, request.signal);
      return answer;
    };
    await startHeld({}, { between });
    await pass(31 * minute);
    answersMs = 3000;
    const before = refusals();
    await until("one more eviction is refused", async () => refusals() > before, 6 * minute);
    await patchBudget("db", { minAvailable: 0 });
    const seconds = await secondsUntil(isGone("db"));
    assert.ok(seconds <= (answersMs + 2000) / 1000, `${seconds} s`);
  });

  it("goes on within 2 s when the budget is deleted, also after the server was away", async () => {
    await startHeld();
    await pass(minute);
    story.world.setAway("a test", true);
    await pass(minute);
    story.world.setAway("a test", false);
    await pass(5 * minute);
    await story.world.api.delete(`${budgets}/db`, {}, { signal: story.world.signal });
    const seconds = await secondsUntil(isGone("db"));
    assert.ok(seconds <= 2, `${seconds} s`);
  });

  it("costs the server an eviction in some minutes, and fewer than four requests a minute in all", async () => {
    await startHeld();
    await pass(10_000);
    const before = { requests: requests(), refusals: refusals() };
    await pass(30 * minute);
    const evicted = refusals() - before.refusals;
    assert.ok(evicted >= 6 && evicted <= 12, `${evicted} evictions`);
    const asked = requests() - before.requests;
    assert.ok(asked <= 120, `${asked} requests`);
  });

  it("asks by time where the budgets may not be watched, and says so once", async () => {
    await start({ preflight: "off", "drain-timeout": "1h" });
    const fault = story.world.server.faults.add({
      match: { where: isWatch },
      effect: { refusal: forbidden },
    });
    await addPod("db");
    await addBudget("db", "db", { minAvailable: 1 });
    await wantReboot();
    await until("an eviction is refused", async () => refusals() > 0);
    await pass(10 * minute);
    assert.equal(fault.hits, 1);
    assert.equal(
      story.world.logs.filter((line) => line.includes("cannot watch PodDisruptionBudgets")).length,
      1,
    );
    assert.ok(saysOf("watching is forbidden"));
    assert.ok(refusals() > 15, `${refusals()} evictions`);
    await patchBudget("db", { minAvailable: 0 });
    const seconds = await secondsUntil(isGone("db"));
    assert.ok(seconds <= 41, `${seconds} s`);
  });

  it("does not race other drains: of six nodes, one pod goes when the budget lets one go", async () => {
    const names = ["n1", "n2", "n3", "n4", "n5", "n6"];
    await start({ preflight: "off", "drain-timeout": "1h", concurrency: "6" }, { nodes: 7 });
    for (const on of names) await addPod(`web-${on}`, { on, app: "web" });
    await addBudget("web", "web", { minAvailable: 6 });
    await pass(3000);
    for (const name of names) node(name).wantsReboot();
    await until("all are refused", async () => refusals() >= 6);
    await pass(15 * minute);
    const before = refusals();
    await patchBudget("web", { minAvailable: 5 });
    const seconds = await secondsUntil(() => evictions().some((one) => one.endsWith("201")));
    assert.ok(seconds <= 2, `${seconds} s`);
    await pass(2000);
    assert.equal(evictions().filter((one) => one.endsWith("201")).length, 1);
    assert.ok(refusals() - before <= 2, `${refusals() - before} refusals`);
  });
});

describe("A node that does not start, as a budget would hold its drain up", () => {
  afterEach(story.stop);

  const isCordoned = async () => (await phase()) === "Draining";

  /** `minutes`: how long it has waited then. */
  async function startClosed(minutes: number, more: Parameters<typeof start>[1] = {}): Promise<void> {
    await start({}, more);
    await addPod("db");
    await addBudget("db", "db", { minAvailable: 1 });
    await wantReboot();
    await pass(minutes * minute);
    assert.deepEqual([await phase(), evictions()], ["Waiting", []]);
  }

  for (const minutes of [1, 9, 61]) {
    it(`starts within 2 s of a budget that opens after ${minutes} min`, async () => {
      await startClosed(minutes);
      await patchBudget("db", { minAvailable: 0 });
      const seconds = await secondsUntil(isCordoned);
      assert.ok(seconds <= 2, `${seconds} s`);
      await until("n1 has rebooted", isRebooted);
    });
  }

  it("starts within 2 s of a second budget of its pod being deleted", async () => {
    await start();
    await addPod("db");
    for (const name of ["first", "second"]) await addBudget("db", name, { minAvailable: 0 });
    await wantReboot();
    await pass(9 * minute);
    await story.world.api.delete(`${budgets}/second`, {}, { signal: story.world.signal });
    const seconds = await secondsUntil(isCordoned);
    assert.ok(seconds <= 2, `${seconds} s`);
  });

  it("watches one namespace beside its Node, and asks less often than by time", async () => {
    await startClosed(5);
    const before = { requests: requests(), watches: watches() };
    const hours = 4;
    await pass(hours * 60 * minute);
    const asked = requests() - before.requests;
    const opened = watches() - before.watches;
    assert.ok(opened > 0 && opened <= hours * 4, `${opened / hours} watches of budgets an hour`);
    // All watches are among them.
    assert.ok(asked <= hours * 28, `${asked / hours} requests an hour`);
  });

  it("asks by time where the budgets may not be watched, and says so once", async () => {
    await start();
    const fault = story.world.server.faults.add({
      match: { where: isWatch },
      effect: { refusal: forbidden },
    });
    await addPod("db");
    await addBudget("db", "db", { minAvailable: 1 });
    await wantReboot();
    await pass(58 * minute);
    assert.equal(fault.hits, 1);
    assert.equal(
      story.world.logs.filter((line) => line.includes("as PodDisruptionBudgets cannot be watched")).length,
      1,
    );
    await patchBudget("db", { minAvailable: 0 });
    const seconds = await secondsUntil(isCordoned);
    assert.ok(seconds <= 601, `${seconds} s`);
  });

  it("does not take a budget that has changed for open before it is worked out", async () => {
    await start();
    await addPod("web-0", { app: "web" });
    await addPod("web-1", {
      app: "web",
      spec: { nodeName: undefined, nodeSelector: { "test/disk": "none" } },
    });
    await addBudget("web", "web", { minAvailable: 1 });
    await pass(6 * minute);
    await wantReboot();
    await pass(minute);
    const match = { resource: "poddisruptionbudgets", subresource: "status" };
    const fault = story.world.server.faults.add({ match, effect: { status: 500 } });
    await patchBudget("web", { minAvailable: "50%" });
    await pass(3000);
    assert.ok(fault.hits > 0);
    fault.remove();
    await pass(minute);
    assert.deepEqual([await phase(), evictions()], ["Waiting", []]);
  });

  it("does not look where the budget opens for less than a moment", async () => {
    await startClosed(1);
    const before = requests();
    for (let times = 0; times < 20; times += 1) {
      await patchBudget("db", { minAvailable: 0 });
      await pass(5);
      await patchBudget("db", { minAvailable: 1 });
      await pass(5000);
    }
    assert.ok(requests() - before <= 2, `${requests() - before} requests`);
    assert.equal(await phase(), "Waiting");
  });
});

describe("Nodes that a budget keeps from starting, all at once,", () => {
  afterEach(story.stop);

  it("do not rush to the lock when it opens: less than half of them look before the first has started", async () => {
    const names = Array.from({ length: 40 }, (_, index) => `n${index + 1}`);
    await start({}, { nodes: 40, seed: 2 });
    for (const on of names) await addPod(`web-${on}`, { on, app: "web" });
    await addBudget("web", "web", { minAvailable: 40 });
    await pass(3000);
    for (const name of names) node(name).wantsReboot();
    await pass(12 * minute);
    const looks = new Set<string>();
    story.world.onDaemonRequest = (node, { method, path }) => {
      if (method === "GET" && path.includes("/leases/")) looks.add(node);
    };
    await patchBudget("web", { minAvailable: 39 });
    const seconds = await secondsUntil(async () => (await story.world.look()).cordoned.length > 0);
    const looked = looks.size;
    assert.ok(seconds <= 2, `${seconds} s`);
    assert.ok(looked >= 1 && looked < 20, `${looked} nodes`);
    await pass(5000);
    assert.equal((await story.world.look()).cordoned.length, 1);
    assert.ok(refusals() <= 1, `${refusals()} refusals`);
  });
});
