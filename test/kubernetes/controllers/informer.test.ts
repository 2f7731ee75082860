import assert from "node:assert/strict";
import { addNode, createTestbed, type Testbed } from "../testbed.ts";
import { type Informer, startInformer } from "./informer.ts";
import { collection, type StoredNode } from "./objects.ts";

let testbed: Testbed;
let nodes: Informer<StoredNode>;
let breaks: unknown[];
let told: string[];

const names = () =>
  nodes
    .all()
    .map((node) => node.metadata.name)
    .join();

describe("An informer", () => {
  beforeEach(async () => {
    testbed = createTestbed();
    breaks = [];
    told = [];
    await addNode(testbed, "a");
    const onBreak = (error: unknown) => void breaks.push(error);
    nodes = startInformer<StoredNode>(testbed.ports, { collection: collection("nodes"), onBreak });
    testbed.run(nodes.done);
    nodes.onChange(({ key, now, before }) => {
      told.push(`${now === undefined ? "-" : before === undefined ? "+" : "~"}${key}`);
    });
    await nodes.synced;
  });
  afterEach(() => testbed.stop());

  it("has what was there, and follows what comes, changes and goes", async () => {
    await addNode(testbed, "b");
    await testbed.remove("nodes", "a");
    await testbed.until("b alone is there", () => names() === "b");
    assert.deepEqual([told[0], told[1], told.at(-1)], ["+a", "+b", "-a"]);
  });

  it("tells a handler that comes late of what is there", () => {
    const late: string[] = [];
    nodes.onChange(({ key }) => late.push(key));
    assert.deepEqual(late, ["a"]);
  });

  it("goes on after its watch was cut, without another list", async () => {
    testbed.server.cutWatches();
    await addNode(testbed, "b");
    await testbed.until("b is there", () => names() === "a,b");
    assert.equal(testbed.server.ledger.count({ verb: "list", resource: "nodes" }), 1);
  });

  it("lists anew when the server has forgotten its version, and tells of what went meanwhile", async () => {
    testbed.server.setAway(true);
    await testbed.until("the break was noticed", () => breaks.length > 0);
    testbed.server.setAway(false);
    const hold = testbed.server.faults.add({
      match: { verb: "watch", resource: "nodes" },
      effect: { status: 503 },
    });
    await testbed.remove("nodes", "a");
    await addNode(testbed, "b");
    testbed.server.compact();
    hold.remove();
    await testbed.until("b alone is there", () => names() === "b");
    assert.ok(told.includes("-a"));
  });

  it("waits for a server that is away", async () => {
    testbed.server.setAway(true);
    await testbed.until("it has tried twice", () => breaks.length >= 2);
    testbed.server.setAway(false);
    await addNode(testbed, "b");
    await testbed.until("b is there", () => names() === "a,b");
  });

  describe("that is given the answer to an own write", () => {
    it("has it before the watch brings it", async () => {
      const hold = testbed.server.faults.add({ match: { verb: "watch" }, effect: { status: 503 } });
      testbed.server.cutWatches();
      nodes.enter(await addNode(testbed, "b"));
      assert.equal(names(), "a,b");
      hold.remove();
    });

    it("does not bring back what the watch has shown to be gone", async () => {
      const answer = await addNode(testbed, "b");
      await testbed.remove("nodes", "b");
      await testbed.until("b is gone again", () => told.includes("-b"));
      nodes.enter(answer);
      assert.equal(names(), "a");
    });
  });
});
