import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import type { WholeNode } from "../../daemon/cluster/objects.ts";
import { lookDaemon } from "../../daemon/compose/look.ts";
import { parseSettings } from "../../daemon/config/settings.ts";
import { createCrowdStory } from "./crowd-story.ts";
import { noLogind } from "./simulated-daemon.ts";
import { isFromDaemon } from "./small-world.ts";
import { lease, minute } from "./story.ts";

const { story, start, machine, boots, patch, setCordon, powerOff, reasonsOf, holders } = createCrowdStory();
const { look, pass, until } = story;

describe("With --max-unavailable", () => {
  afterEach(story.stop);

  it("a node that is not Ready counts, and one that somebody cordoned; each is named", async () => {
    await start(4, { "max-unavailable": "2", concurrency: "4" });
    await powerOff("n3");
    await setCordon("n4", true);
    machine("n1").wantReboot();
    await pass(10 * minute);
    assert.equal(boots()[0], 1);
    assert.deepEqual(await reasonsOf("n1"), [
      "too-many-unavailable: 2 nodes are not Ready, cordoned or in the lock; --max-unavailable allows 2 with this one",
    ]);
    assert.ok(
      story.world.logs.some((line) => line.includes("--max-unavailable allows 2 with this one: n3, n4")),
    );
  });

  for (const [what, mend] of [
    ["is Ready again", () => machine("n3").powerOn()],
    ["is uncordoned", () => setCordon("n4", null)],
  ] as const) {
    it(`a node goes within about a minute once another ${what}`, async () => {
      await start(4, { "max-unavailable": "2" });
      await powerOff("n3");
      await setCordon("n4", true);
      machine("n1").wantReboot();
      await pass(60 * minute);
      assert.equal(boots()[0], 1);
      await mend();
      await until("n1 is in", async () => (await holders()).includes("n1"), 65_000);
    });
  }

  it("a node's own cordon does not stand in its way", async () => {
    await start(2, { "max-unavailable": "1" });
    await setCordon("n1", true);
    machine("n1").wantReboot();
    await pass(3 * minute);
    assert.deepEqual(boots(), [2, 1]);
  });

  it("a percentage is one of all nodes", async () => {
    await start(4, { "max-unavailable": "50%", concurrency: "100%", "reboot-delay": "1m" });
    await setCordon("n4", true);
    for (const name of ["n1", "n2"]) machine(name).wantReboot();
    await pass(20_000);
    assert.equal((await holders()).length, 1);
    await pass(10 * minute);
    assert.deepEqual(boots(), [2, 2, 1, 1]);
  });

  for (const [what, effect, why] of [
    [
      "cannot be listed",
      { status: 500 },
      /^nodes-unknown: cannot tell the state of the other nodes: .*nodes.* 500/,
    ],
    [
      "are never listed",
      "hang",
      /^nodes-unknown: cannot tell the state of the other nodes: .*timed out after/,
    ],
  ] as const) {
    it(`a node waits and says why where the others ${what}, and goes once they can be`, async () => {
      await start(3, { "max-unavailable": "2" });
      const fault = story.world.server.faults.add({ match: { verb: "list", resource: "nodes" }, effect });
      machine("n1").wantReboot();
      await until("it says so", async () => why.test((await reasonsOf("n1")).join()), 5 * minute);
      assert.deepEqual([(await holders()).length, boots()[0]], [0, 1]);
      fault.remove();
      await until("n1 has rebooted", async () => boots()[0] === 2, 5 * minute);
    });
  }

  it("--once says what is in the way", async () => {
    await start(2, { "max-unavailable": "1" });
    await setCordon("n2", true);
    const settings = parseSettings({ "node-id": "n1", "max-unavailable": "1" });
    const needed = { state: "needed", source: "file", reasons: [] } as const;
    const node = await story.world.api.get<WholeNode>("/api/v1/nodes/n1", { signal: story.world.signal });
    const text = await lookDaemon(
      settings,
      {
        transport: story.world.server.transport(story.world.server.adminToken),
        clock: story.world.time.clock,
        random: () => 0.5,
        host: {
          need: { check: async () => needed, watch: () => {} },
          readBootID: async () => node.status?.nodeInfo?.bootID ?? "",
          readUserspace: () => assert.fail("no soft reboot is to be proved"),
          rebooter: {
            announce: () => assert.fail("it is only to look"),
            reboot: () => assert.fail("it is only to look"),
          },
          logind: noLogind,
        },
        post: () => assert.fail("nobody is to be asked"),
        log: new PassThrough(),
        version: "1",
        instance: "once",
      },
      story.world.signal,
    );
    assert.match(
      text,
      /\(too-many-unavailable\): 1 node is not Ready, cordoned or in the lock; --max-unavailable allows 1/,
    );
  });

  it("who is in its cycle goes on to its end, whatever happens to others", async () => {
    await start(3, { "max-unavailable": "1", "reboot-delay": "1m" });
    machine("n1").wantReboot();
    await until("n1 is in", async () => (await holders()).includes("n1"));
    await setCordon("n2", true);
    await powerOff("n3");
    await pass(5 * minute);
    assert.equal(boots()[0], 2);
    assert.equal((await look()).phases["n1"], "Idle");
  });

  it("of two that ask at the same moment one enters, whatever the chance", async () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      const options = { "max-unavailable": "1", concurrency: "2", "reboot-delay": "5s", "ready-settle": "0" };
      await start(2, options, { seed });
      let most = 0;
      const follow = async () => {
        for await (const { object } of story.world.api.watch<WholeNode>("/api/v1/nodes", {
          signal: story.world.signal,
        })) {
          const { items } = await story.world.api.list<WholeNode>("/api/v1/nodes", {
            signal: story.world.signal,
          });
          const down = items.filter(({ spec }) => spec?.unschedulable).length;
          most = Math.max(most, down, object.spec?.unschedulable ? 1 : 0);
        }
      };
      void follow().catch(() => {});
      for (const one of story.world.machines) one.wantReboot();
      let inside = 0;
      for (let passed = 0; passed < 20; passed += 1) {
        await pass(500);
        inside = Math.max(inside, (await holders()).length);
      }
      await pass(5 * minute);
      assert.deepEqual([boots(), inside, most], [[2, 2], 1, 1], `seed ${seed}`);
      if (seed < 30) await story.stop();
    }
  });

  for (const [what, limit, cordoned] of [
    ["with all others well", "1", []],
    ["beside a node that is cordoned", "2", ["n3"]],
  ] as const) {
    it(`of two that have both looked at all Nodes before either is in, one enters, ${what}`, async () => {
      await start(3, { "max-unavailable": limit, concurrency: "3", "reboot-delay": "1m" });
      for (const name of cordoned) await setCordon(name, true);
      const looked = new Set<string>();
      story.world.onDaemonRequest = (node, { method, path }) => {
        if (method === "GET" && path.startsWith("/api/v1/nodes?")) looked.add(node);
      };
      const match = { verb: "patch", resource: "leases", where: isFromDaemon };
      const slow = story.world.server.faults.add({ match, effect: { latencyMs: 3000 } });
      for (const name of ["n1", "n2"]) machine(name).wantReboot();
      await pass(20_000);
      slow.remove();
      assert.deepEqual([...looked].sort(), ["n1", "n2"]);
      assert.equal((await holders()).length, 1);
    });

    it(`the next follows within seconds of the release, though it has waited for that, ${what}`, async () => {
      await start(3, { "max-unavailable": limit, concurrency: "3", "reboot-delay": "2m" });
      for (const name of cordoned) await setCordon(name, true);
      machine("n1").wantReboot();
      await until("n1 is in", async () => (await holders()).includes("n1"));
      machine("n2").wantReboot();
      await until("n1 is out", async () => !(await holders()).includes("n1"));
      await pass(2000);
      assert.deepEqual(await holders(), ["n2"]);
    });
  }

  it("a node that waits for other Nodes asks for one page of them a minute, and not while a slot is not free", async () => {
    await start(3, { "max-unavailable": "1", concurrency: "2" });
    await setCordon("n3", true);
    machine("n1").wantReboot();
    await pass(10 * minute);
    const asked: string[] = [];
    story.world.onDaemonRequest = (_, { method, path }) => {
      if (!path.includes("watch=true")) asked.push(`${method} ${path}`);
    };
    await pass(60 * minute);
    const pages = asked.filter((one) => one.startsWith("GET /api/v1/nodes?"));
    assert.ok(pages.length >= 55 && pages.length <= 62, `${pages.length}`);
    assert.ok(asked.length <= 125, `${asked.length}`);
    // The lock tells the rest.
    await patch(lease, { metadata: { annotations: { "rebootd.dev/lock": '{"nodeID":"manual"}' } } });
    await pass(2 * minute);
    asked.length = 0;
    await pass(60 * minute);
    // Once an hour nothing that is remembered is believed any longer.
    assert.deepEqual(
      asked.filter((one) => one.startsWith("GET /api/v1/nodes?")),
      [],
    );
    assert.ok(asked.length <= 4, `${asked}`);
  });
});
