import assert from "node:assert/strict";
import { readHealth } from "../../daemon/cli/health.ts";
import { createTestbed } from "../kubernetes/testbed.ts";

describe("The health of nodes", () => {
  it("is read of the nodes that there are, whatever else the lock names", async () => {
    const { api, create, signal, stop } = createTestbed();
    try {
      for (const name of ["n1", "n2"]) await create("nodes", { metadata: { name } });
      const names = ["n1", "gone", "metadata.name!=x,spec.unschedulable=false", '<img src="x">', ""];
      const { nodes } = await readHealth(api, names, signal);
      assert.deepEqual([...nodes.keys()], ["n1"]);
    } finally {
      await stop();
    }
  });
});
