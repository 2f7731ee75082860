import assert from "node:assert/strict";
import { createStory, minute } from "./story.ts";
import { type Typed, type } from "./typed.ts";

const story = createStory();
const { pass, start, stop, until } = story;
const rebootd = (...args: string[]) => type(story.world, args);

/** Runs a wait, and lets time pass until it ends. */
async function waited(args: string[], ms: number): Promise<Typed | undefined> {
  let typed: Typed | undefined;
  void rebootd("wait", ...args).then((ended) => {
    typed = ended;
  });
  await pass(100);
  for (let passed = 0; passed < ms && typed === undefined; passed += minute) await pass(Math.min(ms, minute));
  await pass(2000);
  return typed;
}

describe("A wait", () => {
  afterEach(stop);

  it("ends once each node has rebooted, and says what they do meanwhile", async () => {
    await start({}, { nodes: 2 });
    await pass(minute);
    for (const name of ["n1", "n2"]) story.node(name).wantsReboot();
    const typed = await waited(["--all", "--for=rebooted"], 60 * minute);
    assert.equal(typed?.code, 0, typed?.err);
    assert.deepEqual(typed?.out.split("\n").sort(), ["", "node/n1 condition met", "node/n2 condition met"]);
    assert.match(typed?.err ?? "", /^n1: Draining/m);
  });

  it("does not take a reboot before it for one", async () => {
    await start();
    story.node("n1").wantsReboot();
    await until(
      "it has rebooted",
      async () => (await story.record())?.outcome?.result === "rebooted",
      30 * minute,
    );
    await pass(5 * minute);
    const typed = await waited(["n1", "--for=rebooted", "--timeout=10m"], 20 * minute);
    assert.deepEqual([typed?.code, typed?.out], [3, ""]);
    assert.match(typed?.err ?? "", /rebootd: 1 node is not rebooted after 10m: n1 \(Idle\)\n$/);
    assert.equal((await waited(["n1"], minute))?.code, 0);
  });

  it("fails as soon as the cycle of a node fails, also before others are done", async () => {
    await start({ "drain-timeout": "2m" }, { nodes: 2 });
    await pass(minute);
    await story.addPod("stuck", { finalizers: ["example.com/never"] });
    story.node("n1").wantsReboot();
    const typed = await waited(["n1", "n2", "--for=rebooted", "--timeout=1h"], 60 * minute);
    assert.equal(typed?.code, 1);
    assert.match(typed?.err ?? "", /rebootd: n1: its cycle failed: .*drain/);
  });

  it("fails when a node is gone, and for one that is not there", async () => {
    await start({}, { nodes: 2 });
    await pass(minute);
    const ending = waited(["n1", "n2", "--for=waiting"], 5 * minute);
    await pass(200);
    await story.world.api.delete("/api/v1/nodes/n2", {}, { signal: story.world.signal });
    const typed = await ending;
    assert.deepEqual([typed?.code, typed?.out], [1, ""]);
    assert.match(typed?.err ?? "", /rebootd: n2: the cluster has no such Node any more\n$/);
    const unknown = await waited(["n9"], minute);
    assert.deepEqual([unknown?.code, unknown?.err], [1, 'rebootd: the cluster has no Node "n9"\n']);
  });

  it("looks once with a timeout of 0, and writes nothing", async () => {
    await start();
    await pass(minute);
    story.world.server.ledger.clear();
    const typed = await waited(["n1", "--for=failed", "--timeout=0"], minute);
    assert.deepEqual([typed?.code, typed?.err], [3, "n1: Idle\nrebootd: 1 node is not failed: n1 (Idle)\n"]);
  });

  const refused: [args: string[], says: RegExp][] = [
    [[], /wait requires NODE, --selector or --all/],
    [["n1", "--all"], /mutually exclusive/],
    [["n1", "--for=Ready"], /invalid value "Ready" for --for: must be idle, rebooted, waiting or failed/],
    [["n1", "--timeout=soon"], /invalid value "soon" for --timeout: must be a duration/],
  ];
  for (const [args, says] of refused) {
    it(`is refused for ${JSON.stringify(args.join(" "))}`, async () => {
      await start();
      const { code, err } = await rebootd("wait", ...args);
      assert.equal(code, 2);
      assert.match(err, says);
    });
  }
});
