import assert from "node:assert/strict";
import { contract } from "../../daemon/annotations/names.ts";
import type { Lease, WholeNode } from "../../daemon/cluster/objects.ts";
import { parseRecord } from "../../daemon/cycle/record.ts";
import { createCrowdStory } from "./crowd-story.ts";
import { daemonOf } from "./simulated-node.ts";
import { isFromDaemon } from "./small-world.ts";
import { lease, minute } from "./story.ts";

const {
  story,
  start,
  machine,
  boots,
  patch,
  reasonsOf,
  holders,
  waits,
  readFailures,
  failed,
  setFailures,
  failures,
  breakMachine,
  mendMachine,
  addStuckPod,
  fail,
  rebootd,
} = createCrowdStory();
const { look, pass, until } = story;

const kured = "/apis/apps/v1/namespaces/kube-system/daemonsets/kured";

describe("After failed reboots of different nodes in a row", () => {
  afterEach(story.stop);

  const options = { "reboot-timeout": "10s", "reboot-attempts": "1" };

  it("no other starts, and says why; after rebootd resume it does within seconds", async () => {
    await start(4, options);
    await fail(["n1", "n2", "n3"]);
    assert.deepEqual(await failed(), ["n1", "n2", "n3"]);
    // At once, with no node that waits and could say so.
    assert.match((await rebootd("status")).out, /^HALTED: 3 nodes failed to reboot in a row; /);
    machine("n4").wantReboot();
    await pass(6 * 60 * minute);
    assert.deepEqual(boots(), [1, 1, 1, 1]);
    const [reason = ""] = await reasonsOf("n4");
    const halted = await Promise.all(story.world.metrics.map((metrics) => metrics.halted.get()));
    assert.deepEqual(
      halted.map(({ values }) => values[0]?.value),
      [0, 0, 0, 1],
    );
    assert.match(
      reason,
      /^halted: 3 nodes failed to reboot in a row \(n1: asked to reboot once, [^;]+; n2: [^;]+; n3: [^;]+\): no node starts until rebootd resume --all$/,
    );
    assert.match(
      (await rebootd("status")).out,
      /^HALTED: 3 nodes failed to reboot in a row; no node starts until rebootd resume --all\n[^\n]+free\n\nFAILED +SINCE +WHY\nn1 +6h +.*\nn2 .*\nn3 .*\n\nNODE/,
    );
    const status = JSON.parse((await rebootd("status", "-o", "json")).out);
    assert.deepEqual([status.halted, status.failures], [true, await readFailures()]);
    const { code, out } = await rebootd("resume", "--all");
    assert.equal(code, 0);
    assert.match(
      out,
      /^failure count reset; nodes may start\n\nFAILED +SINCE +WHY\nn1 +6h +asked to reboot .*\nn2 .*\nn3 .*\n$/,
    );
    assert.equal(await readFailures(), undefined);
    await pass(3000);
    assert.deepEqual(await holders(), ["n4"]);
    await pass(5 * minute);
    assert.equal(boots()[3], 2);
    assert.deepEqual(await rebootd("resume", "--all"), {
      code: 0,
      out: "nothing is paused or halted\n",
      err: "",
    });
  });

  it("a node that waited for a slot meanwhile says so within seconds, and asks for nothing while that lasts", async () => {
    await start(4, options);
    await fail(["n1", "n2"]);
    breakMachine("n3");
    machine("n3").wantReboot();
    await until("n3 is in", async () => (await holders()).includes("n3"));
    machine("n4").wantReboot();
    await until("n4 waits", waits("n4", "lock-taken"));
    await until("n3 is out", async () => !(await holders()).includes("n3"));
    await pass(2000);
    assert.ok(await waits("n4", "halted")());
    await pass(minute);
    const asked: string[] = [];
    story.world.onDaemonRequest = (node, { method, path }) => {
      if (node === "n4" && !path.includes("watch=true")) asked.push(`${method} ${path}`);
    };
    await pass(60 * minute);
    assert.deepEqual(asked, []);
  });

  it("those that have failed do not try again either", async () => {
    await start(3, options);
    await setFailures(failures("n2", "n3"));
    breakMachine("n1");
    machine("n1").wantReboot();
    await until("n1 has failed", async () => (await look()).phases["n1"] === "Failed");
    mendMachine("n1");
    await pass(6 * 60 * minute);
    assert.deepEqual(boots(), [1, 1, 1]);
    assert.ok(await waits("n1", "halted")());
    await rebootd("resume", "--all");
    await pass(3 * minute);
    assert.deepEqual(boots(), [2, 1, 1]);
  });

  it("a person who removes the annotation lets it go on as well", async () => {
    await start(2, options);
    await setFailures(failures("x", "y", "z"));
    machine("n1").wantReboot();
    await until("n1 waits", waits("n1", "halted"));
    await setFailures(null);
    await pass(3000);
    assert.deepEqual(await holders(), ["n1"]);
  });

  it("rebootd unlock --all does not", async () => {
    await start(2, options);
    await setFailures(failures("x", "y", "z"));
    machine("n1").wantReboot();
    assert.equal((await rebootd("unlock", "--all")).code, 0);
    await pass(60 * minute);
    assert.deepEqual(boots(), [1, 1]);
    assert.deepEqual(await failed(), ["x", "y", "z"]);
  });

  it("one node that fails again and again stops nobody", async () => {
    await start(2, { ...options, "max-failures-per-node": "0" });
    breakMachine("n1");
    machine("n1").wantReboot();
    await until(
      "it has failed five times",
      async () => {
        const { metadata } = await story.world.api.get<WholeNode>("/api/v1/nodes/n1", {
          signal: story.world.signal,
        });
        return (parseRecord(metadata?.annotations?.[contract.cycle.key]).record?.failures ?? 0) >= 5;
      },
      120 * minute,
    );
    assert.deepEqual(await failed(), ["n1"]);
    machine("n2").wantReboot();
    await pass(5 * minute);
    assert.equal(boots()[1], 2);
  });

  it("a proved reboot in between clears them, in the patch that gives the slot back", async () => {
    await start(4, options);
    await fail(["n1", "n2"]);
    const states: string[] = [];
    const follow = async () => {
      const path = lease.replace(/\/rebootd$/, "");
      for await (const { type, object } of story.world.api.watch<Lease>(path, {
        signal: story.world.signal,
      })) {
        if (type === "BOOKMARK") continue;
        const { annotations = {} } = object.metadata ?? {};
        const held = annotations["rebootd.dev/lock"] === undefined ? "free" : "held";
        states.push(`${held}, ${annotations["rebootd.dev/failures"] === undefined ? "none" : "failures"}`);
      }
    };
    void follow().catch(() => {});
    machine("n3").wantReboot();
    await pass(5 * minute);
    assert.equal(boots()[2], 2);
    assert.deepEqual(states, ["free, failures", "held, failures", "free, none"]);
    await fail(["n4"]);
    assert.deepEqual(await failed(), ["n4"]);
  });

  it("a cycle that was withdrawn counts as neither", async () => {
    await start(2, { "reboot-delay": "2m" });
    await setFailures(failures("x", "y"));
    machine("n1").wantReboot();
    await until("n1 is in", async () => (await holders()).includes("n1"));
    machine("n1").unwantReboot();
    await pass(10 * minute);
    assert.deepEqual([boots(), await holders(), await failed()], [[1, 1], [], ["x", "y"]]);
  });

  it("who is in its cycle goes on to its end, and does not clear them: a person does", async () => {
    await start(3, { ...options, concurrency: "2", "reboot-delay": "1m" });
    machine("n1").wantReboot();
    await until("n1 is in", async () => (await holders()).includes("n1"));
    await setFailures(failures("x", "y", "z"));
    machine("n2").wantReboot();
    await pass(10 * minute);
    assert.deepEqual(
      [boots(), await failed()],
      [
        [2, 1, 1],
        ["x", "y", "z"],
      ],
    );
    assert.deepEqual((await look()).cordoned, []);
  });

  it("of --halt-after-failures=0 nothing is ever halted", async () => {
    await start(5, { ...options, "halt-after-failures": "0" });
    await fail(["n1", "n2", "n3", "n4"]);
    assert.deepEqual(await failed(), ["n1", "n2", "n3", "n4"]);
    machine("n5").wantReboot();
    await pass(5 * minute);
    assert.equal(boots()[4], 2);
    assert.deepEqual(await failed(), []);
  });

  it("of --halt-after-failures=1 the first halts all", async () => {
    await start(2, { ...options, "halt-after-failures": "1" });
    await fail(["n1"]);
    machine("n2").wantReboot();
    await pass(60 * minute);
    assert.deepEqual(boots(), [1, 1]);
  });

  it("what cannot be read holds every node back, is left as it is, and is mended by rebootd resume", async () => {
    await start(1, options);
    await setFailures("junk");
    machine("n1").wantReboot();
    await pass(60 * minute);
    assert.deepEqual(boots(), [1]);
    assert.match(
      (await reasonsOf("n1"))[0] ?? "",
      /^failures-unreadable: the failures "junk" .*rebootd resume/,
    );
    assert.match(
      (await rebootd("status")).out,
      /^HALTED: the failures "junk" beside the lock cannot be read/,
    );
    assert.equal((await rebootd("resume", "--all")).out, "unreadable failure count reset; nodes may start\n");
    await pass(2 * minute);
    assert.deepEqual(boots(), [2]);
  });

  it("each counts once, though its daemon is killed between any two writes", async () => {
    for (let nth = 1; nth <= 12; nth += 1) {
      await start(2, options);
      await setFailures(failures("x"));
      breakMachine("n1");
      let writes = 0;
      story.world.onDaemonRequest = (_, { method }) => {
        if (method === "GET") return;
        writes += 1;
        if (writes === nth) machine("n1").crashDaemon();
      };
      machine("n1").wantReboot();
      await until("the failure is recorded", async () => (await look()).phases["n1"] === "Failed");
      await pass(5000);
      assert.deepEqual([await failed(), await holders()], [["x", "n1"], []], `killed at write ${nth}`);
      if (nth < 12) await story.stop();
    }
  });

  it("one whose slot somebody takes away in the moment in which it gives it back does not count", async () => {
    await start(2, options);
    breakMachine("n1");
    let isTaken = false;
    story.world.onDaemonRequest = (_, { method, path, body = "" }) => {
      if (isTaken || method !== "PATCH" || !path.startsWith(lease) || !body.includes("failures")) return;
      isTaken = true;
      void patch(lease, { metadata: { annotations: { "rebootd.dev/lock": null } } });
    };
    machine("n1").wantReboot();
    await until("the failure is recorded", async () => (await look()).phases["n1"] === "Failed");
    assert.deepEqual([isTaken, await failed()], [true, []]);
  });

  for (const [what, effect] of [
    ["was lost", "reset-after"],
    ["never came to the server", "reset-before"],
  ] as const) {
    it(`each counts once, though the write that gives the slot back ${what}`, async () => {
      await start(2, options);
      await setFailures(failures("x"));
      breakMachine("n1");
      machine("n1").wantReboot();
      await until("n1 is in", async () => (await holders()).includes("n1"));
      const match = { verb: "patch", resource: "leases", where: isFromDaemon };
      story.world.server.faults.add({ match, times: 1, effect });
      await until("the failure is recorded", async () => (await look()).phases["n1"] === "Failed");
      assert.deepEqual([await failed(), await holders()], [["x", "n1"], []]);
    });
  }

  it("it is the same with a DaemonSet that carries the lock", async () => {
    await start(3, { ...options, "ds-name": "kured", "halt-after-failures": "2" }, { rights: "everything" });
    const labels = { name: "kured" };
    const containers = [{ name: "kured", image: "kured:1" }];
    const template = { metadata: { labels }, spec: { containers, nodeSelector: { nowhere: "true" } } };
    const body = { metadata: { name: "kured" }, spec: { selector: { matchLabels: labels }, template } };
    await story.world.api.create(kured.replace(/\/kured$/, ""), body, { signal: story.world.signal });
    await fail(["n1", "n2"]);
    assert.deepEqual(await failed(kured), ["n1", "n2"]);
    machine("n3").wantReboot();
    await until("n3 waits", waits("n3", "halted"));
    assert.match((await rebootd("resume", "--all", "--ds-name=kured")).out, /^failure count reset; /);
    await pass(3000);
    assert.deepEqual((await look()).cordoned, ["n3"]);
  });
});

describe("After failed drains of different nodes in a row", () => {
  afterEach(story.stop);

  const options = { "drain-timeout": "10s" };
  const drains = async (path = lease) => ((await readFailures(path)) ?? []).filter(({ during }) => during);

  it("three tenants' finalizers no longer halt the cluster", async () => {
    await start(4, options);
    await fail(["n1", "n2", "n3"], addStuckPod);
    const counted = (await drains()).length;
    const { out } = await rebootd("status");
    machine("n4").wantReboot();
    await pass(5 * minute);
    assert.deepEqual([boots(), await readFailures()], [[1, 1, 1, 2], undefined]);
    assert.equal(counted, 3);
    assert.match(out, /^lease.*free\n3 failed drains \(n1: the drain/);
  });

  it("each of those nodes rests as after any failure", async () => {
    await start(1, options);
    await addStuckPod("n1");
    machine("n1").wantReboot();
    await until("n1 has failed", async () => (await look()).phases["n1"] === "Failed");
    await pass(50_000);
    assert.equal((await look()).phases["n1"], "Failed");
    await until("it tries again", async () => (await look()).phases["n1"] === "Draining", 20_000);
  });

  it("with --halt-after-failed-drains no other starts until rebootd resume --all", async () => {
    await start(4, { ...options, "halt-after-failures": "0", "halt-after-failed-drains": "3" });
    await fail(["n1", "n2", "n3"], addStuckPod);
    assert.match((await rebootd("status")).out, /^HALTED: 3 nodes failed to drain in a row; /);
    machine("n4").wantReboot();
    await pass(60 * minute);
    assert.deepEqual(boots(), [1, 1, 1, 1]);
    assert.match(
      (await reasonsOf("n4"))[0] ?? "",
      /^halted: 3 nodes failed to drain in a row \(n1: the drain/,
    );
    assert.match((await rebootd("resume", "--all")).out, /^failure count reset; /);
    await pass(5 * minute);
    assert.deepEqual(boots(), [1, 1, 1, 2]);
  });

  it("failed reboots before and after still halt all", async () => {
    const broken = { "reboot-timeout": "10s", "reboot-attempts": "1", "halt-after-failures": "2" };
    await start(4, { ...options, ...broken });
    await fail(["n1"]);
    await fail(["n2"], addStuckPod);
    await fail(["n3"]);
    machine("n4").wantReboot();
    await until("n4 waits", waits("n4", "halted"));
    assert.match(
      (await reasonsOf("n4"))[0] ?? "",
      /^halted: 2 nodes failed to reboot in a row \(n1: .*; n3: /,
    );
  });

  it("a cycle that a webhook does not let begin counts among them", async () => {
    await start(2, options, { between: (_, transport) => transport });
    const key = "kube-system/rebootd";
    // Not before, as what is refused in the dry run takes no slot.
    const isLocked = () =>
      story.world.server.stored("leases.coordination.k8s.io", key)?.metadata.annotations?.[
        "rebootd.dev/lock"
      ];
    story.world.server.faults.add({
      match: {
        user: daemonOf("n1").name,
        verb: "patch",
        resource: "nodes",
        where: () => isLocked() !== undefined,
      },
      effect: { refusal: { code: 403, reason: "Forbidden", message: "a webhook says no" } },
    });
    machine("n1").wantReboot();
    await until("it has failed", async () => (await failed()).length > 0);
    assert.equal((await drains()).length, 1);
  });
});
