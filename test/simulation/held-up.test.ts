/** What a budget holds up goes on as soon as the budget lets it, and asks little until then. */
import assert from "node:assert/strict";
import { daemonUser } from "../cluster/manifests.ts";
import { isFromDaemon } from "./small-world.ts";
import {
  addBudget,
  addPod,
  evictions,
  isRebooted,
  minute,
  saysOf,
  start,
  until,
  wantReboot,
  world,
} from "./story.ts";

const budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
const isWatchOfBudgets = ({ verb, resource }: { verb: string; resource: string }) =>
  verb === "watch" && resource === "poddisruptionbudgets";

const patchBudget = (name: string, spec: object) =>
  world.admin.patch(`${budgets}/${name}`, { spec }, { signal: world.signal });
const refusals = () => evictions().filter((one) => one.endsWith("429")).length;
const requests = () => world.server.ledger.count({ user: daemonUser.name });
/** How long it takes until that is so, in seconds of the world's clock. */
async function secondsUntil(isSo: () => boolean): Promise<number> {
  const began = world.time.clock.elapsed();
  for (let passed = 0; passed < 10 * minute && !isSo(); passed += 50) await world.time.pass(50);
  return (world.time.clock.elapsed() - began) / 1000;
}

describe("A drain that a budget holds up", () => {
  afterEach(() => world.stop());

  const isGone = (name: string) => () => evictions().includes(`${name} 201`);

  async function startHeld(options: Parameters<typeof start>[0] = {}): Promise<void> {
    await start({ preflight: "off", "drain-timeout": "1h", ...options });
    await addPod("db");
    await addBudget("db", "db", { minAvailable: 1 });
    await wantReboot();
    await until("an eviction is refused", async () => refusals() > 0);
  }

  for (const minutes of [1, 9, 31]) {
    it(`goes on within 2 s of a budget that opens after ${minutes} min`, async () => {
      await startHeld();
      await world.time.pass(minutes * minute);
      assert.deepEqual(evictions().at(-1), "db 429");
      await patchBudget("db", { minAvailable: 0 });
      const seconds = await secondsUntil(isGone("db"));
      assert.ok(seconds <= 2, `${seconds} s`);
      await until("n1 has rebooted", isRebooted);
    });
  }

  it("goes on within 2 s when the budget is deleted, also after the server was away", async () => {
    await startHeld();
    await world.time.pass(minute);
    world.setAway("a test", true);
    await world.time.pass(minute);
    world.setAway("a test", false);
    await world.time.pass(5 * minute);
    await world.admin.delete(`${budgets}/db`, {}, { signal: world.signal });
    const seconds = await secondsUntil(isGone("db"));
    assert.ok(seconds <= 2, `${seconds} s`);
  });

  it("costs the server an eviction in some minutes, and fewer than four requests a minute in all", async () => {
    await startHeld();
    await world.time.pass(10_000);
    const before = { requests: requests(), refusals: refusals() };
    await world.time.pass(30 * minute);
    const evicted = refusals() - before.refusals;
    assert.ok(evicted >= 6 && evicted <= 12, `${evicted} evictions`);
    const asked = requests() - before.requests;
    assert.ok(asked <= 120, `${asked} requests`);
  });

  it("asks by time where the budgets may not be watched, and says so once", async () => {
    await start({ preflight: "off", "drain-timeout": "1h" });
    const refusal = { code: 403, reason: "Forbidden", message: "watching is forbidden" };
    const where = (facts: Parameters<typeof isFromDaemon>[0]) =>
      isFromDaemon(facts) && isWatchOfBudgets(facts);
    const fault = world.server.faults.add({ match: { where }, effect: { refusal } });
    await addPod("db");
    await addBudget("db", "db", { minAvailable: 1 });
    await wantReboot();
    await until("an eviction is refused", async () => refusals() > 0);
    await world.time.pass(10 * minute);
    assert.equal(fault.hits, 1);
    assert.equal(world.logs.filter((line) => line.includes("budgets cannot be watched")).length, 1);
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
    await world.time.pass(3000);
    for (const name of names) world.machine(name).wantReboot();
    await until("all are refused", async () => refusals() >= 6);
    await world.time.pass(15 * minute);
    const before = refusals();
    await patchBudget("web", { minAvailable: 5 });
    const seconds = await secondsUntil(() => evictions().some((one) => one.endsWith("201")));
    assert.ok(seconds <= 2, `${seconds} s`);
    await world.time.pass(2000);
    assert.equal(evictions().filter((one) => one.endsWith("201")).length, 1);
    assert.ok(refusals() - before <= 2, `${refusals() - before} refusals`);
  });
});
