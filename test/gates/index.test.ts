import assert from "node:assert/strict";
import type { Clock } from "../../daemon/clock.ts";
import type { Gate, GateAnswer } from "../../daemon/gates/gate.ts";
import { checkGates } from "../../daemon/gates/index.ts";

const { signal } = new AbortController();

/** Time stands still until the test ends a wait. */
function stoppedClock(): Clock & { passDeadlines(): void } {
  const waits: (() => void)[] = [];
  return {
    now: () => 0,
    sleep: () => new Promise((resolve) => waits.push(resolve)),
    passDeadlines: () => {
      for (const end of waits) end();
    },
  };
}

function gate(name: string, check: () => Promise<GateAnswer>): Gate {
  return { name, beforeReboot: false, check };
}

const open = gate("open", async () => ({ open: true, changesAt: 20 }));
const shut = (name: string) =>
  gate(name, async () => ({ open: false, code: "shut", message: `${name} is shut`, changesAt: 10 }));

describe("The gates together", () => {
  it("are open when each is", async () => {
    assert.deepEqual(await checkGates([open, open], stoppedClock(), signal), { closed: [], changesAt: 20 });
  });

  it("report every closed one, not just the first", async () => {
    const { closed } = await checkGates([shut("a"), open, shut("b")], stoppedClock(), signal);
    assert.deepEqual(
      closed.map((one) => `${one.gate}: ${one.message}`),
      ["a: a is shut", "b: b is shut"],
    );
  });

  it("change when the first of them does", async () => {
    assert.equal((await checkGates([open, shut("a")], stoppedClock(), signal)).changesAt, 10);
  });

  it("are closed by one that cannot tell, with the cause", async () => {
    const broken = gate("broken", async () => {
      throw new Error("connection refused");
    });
    assert.deepEqual((await checkGates([broken], stoppedClock(), signal)).closed, [
      { gate: "broken", code: "cannot-tell", message: "cannot tell: connection refused" },
    ]);
  });

  it("are closed by one that never answers", async () => {
    const clock = stoppedClock();
    const answer = checkGates([gate("silent", () => new Promise(() => {}))], clock, signal);
    clock.passDeadlines();
    assert.equal((await answer).closed[0]?.code, "no-answer");
  });
});
