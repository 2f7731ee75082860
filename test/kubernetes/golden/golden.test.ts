/** The simulated server against what a real kube-apiserver 1.36.2 has answered. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "mocha";
import { Agent } from "undici";
import type { Transport } from "../../../daemon/cluster/transport.ts";
import { type ApiServer, createApiServer, type Listening, listen } from "../api/server.ts";
import { createSteppedTimers } from "../api/stepped-timers.ts";
import type { Timers } from "../api/timing.ts";
import type { GoldenCase } from "./case.ts";
import { overHttps } from "./over-https.ts";
import { type Partner, runCase } from "./run.ts";

const cases = readFileSync(new URL("cases.jsonl", import.meta.url), "utf8")
  .split("\n")
  .filter(Boolean)
  .map((line) => JSON.parse(line) as GoldenCase);

describe("The simulated API server answers like a real one", () => {
  describe("in memory", () => {
    const timers = createSteppedTimers();
    const server = createApiServer({ timers });
    specify({
      transport: (token) => stepping(server.transport(token === undefined ? server.adminToken : token)),
      pass: (ms) => timers.pass(ms),
      compact: async () => server.compact(),
    });

    /** An answer that waits for a moment to come gets it. */
    function stepping(transport: Transport): Transport {
      return async (request) => {
        let isDone = false;
        const answer = transport(request).finally(() => {
          isDone = true;
        });
        await timers.pass(0);
        while (!isDone) await timers.pass(100);
        return answer;
      };
    }
  });

  describe("over HTTPS", () => {
    const speed = 20;
    let server: ApiServer;
    let listening: Listening;
    let agent: Agent;
    before(async () => {
      server = createApiServer({ timers: fastTimers(speed) });
      listening = await listen(server);
      agent = new Agent({ connect: { ca: listening.caPem } });
    });
    after(async () => {
      await agent.destroy();
      await listening.close();
    });
    specify({
      transport: (token) => (request) => overHttps(agent, listening.url, token ?? server.adminToken)(request),
      pass: (ms) => new Promise((resolve) => setTimeout(resolve, Math.max(ms / speed, 5))),
      compact: async () => server.compact(),
    });
  });
});

function specify(partner: Partner): void {
  for (const [i, golden] of cases.entries()) {
    it(`${golden.name}: ${golden.about}`, async () => {
      assert.deepEqual(await runCase(golden, partner, i), []);
    });
  }
}

function fastTimers(speed: number): Timers {
  const start = Date.now();
  return {
    now: () => start + (Date.now() - start) * speed,
    setTimeout: (run, ms) => setTimeout(run, ms / speed).unref(),
    clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
  };
}
