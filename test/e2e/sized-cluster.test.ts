import assert from "node:assert/strict";
import { startSizedCluster } from "../bench/commands.ts";

describe("A command in a process of its own", () => {
  for (const nodes of [1, 5]) {
    it(`needs few requests, no write and less than 200 MiB with ${nodes === 1 ? "1 node" : `${nodes} nodes`}`, async () => {
      const cluster = await startSizedCluster(nodes);
      try {
        for (const args of [["status"], ["explain", "node-0"]]) {
          const { code, err, residentMiB, requests, writes } = await cluster.run(args);
          assert.deepEqual([code, err, writes], [0, "", 0]);
          assert.ok(residentMiB > 0 && residentMiB < 200, `${args[0]}: ${residentMiB} MiB`);
          assert.ok(requests <= 12, `${args[0]}: ${requests} requests`);
        }
        if (nodes === 1) return;
        // A watch ends well when it is stopped.
        const watched = await cluster.run(["status", "--watch"], 4000);
        assert.deepEqual([watched.code, watched.err, watched.writes], [0, "", 0]);
        assert.match(watched.out, /node-0 .*Draining/);
      } finally {
        await cluster.stop();
      }
    });
  }
});
