import assert from "node:assert/strict";
import { ApiError } from "../../../daemon/cluster/api.ts";
import { createTestbed, type Testbed } from "../testbed.ts";
import { createQueue, type Queue } from "./queue.ts";

let testbed: Testbed;

function start(reconcile: (key: string) => Promise<void>): Queue {
  const queue = createQueue(testbed.ports, reconcile);
  testbed.run(queue.run());
  return queue;
}

describe("A queue", () => {
  beforeEach(() => {
    testbed = createTestbed();
  });
  afterEach(() => testbed.stop());

  it("looks once at a key that was added many times", async () => {
    const seen: string[] = [];
    const queue = start(async (key) => void seen.push(key));
    for (let n = 0; n < 10; n += 1) queue.add("a");
    queue.add("b");
    await testbed.until("both were seen", () => seen.length >= 2);
    assert.deepEqual(seen, ["a", "b"]);
  });

  it("looks again at a key that is added while it is looked at", async () => {
    let looks = 0;
    const queue = start(async (key) => {
      looks += 1;
      if (looks === 1) queue.add(key);
    });
    queue.add("a");
    await testbed.until("a second look", () => looks === 2);
  });

  it("tries again what the API refuses", async () => {
    let looks = 0;
    const queue = start(async () => {
      looks += 1;
      if (looks < 3) throw new ApiError("refused", { code: "conflict" });
    });
    queue.add("a");
    await testbed.until("a third look", () => looks === 3);
  });

  it("looks at a later time, at the earliest of those asked for", async () => {
    const seen: number[] = [];
    const startedAt = testbed.ports.clock.elapsed();
    const queue = start(async () => void seen.push(testbed.ports.clock.elapsed() - startedAt));
    queue.addAfter("a", 5000);
    queue.addAfter("a", 40);
    await testbed.until("a look", () => seen.length === 1, 2000);
    assert.ok((seen[0] ?? 0) >= 39);
  });

  it("breaks where the code is wrong, and does not hide it", async () => {
    const queue = createQueue(testbed.ports, async () => {
      throw new TypeError("a fault of ours");
    });
    queue.add("a");
    await assert.rejects(queue.run(), /a fault of ours/);
  });
});
