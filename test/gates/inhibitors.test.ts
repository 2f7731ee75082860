import assert from "node:assert/strict";
import { type Inhibitors, inhibitorsGate } from "../../daemon/gates/inhibitors.ts";
import type { Inhibitor } from "../../daemon/host/logind/logind.ts";
import { everyRow } from "../rows.ts";
import { context } from "./builders.ts";

const { signal } = new AbortController();

function inhibitor(changes: Partial<Inhibitor> = {}): Inhibitor {
  return { what: "shutdown", who: "fwupd", why: "Flashing", mode: "block", uid: 0, pid: 1, ...changes };
}

const noBus = Object.assign(new Error("no D-Bus socket at /run/bus"), { code: "no-bus" });
const noAnswer = Object.assign(new Error("timed out after 5 s"), { code: "deadline" });

/** Asks it once for each answer; the sentences, "open", or what it throws. */
async function asked(when: Inhibitors, ...answers: (Inhibitor[] | Error)[]): Promise<string[]> {
  const left = [...answers];
  const gate = inhibitorsGate(
    {
      listInhibitors: async () => {
        const next = left.shift();
        if (next instanceof Error) throw next;
        return next ?? [];
      },
    },
    when,
  );
  const said: string[] = [];
  for (const _ of answers) {
    const answer = await gate.check(context(0), signal).catch((error: Error) => error);
    said.push(answer instanceof Error ? answer.message : answer.open ? "open" : answer.message);
  }
  return said;
}

describe("The inhibitors gate", () => {
  it("is open where nobody holds anything back", async () => {
    assert.deepEqual(await asked("auto", []), ["open"]);
  });

  const rows: [what: string, held: Partial<Inhibitor>, closed: boolean][] = [
    ["a block of shutdowns", {}, true],
    ["a block of shutdowns among others", { what: "idle:shutdown:sleep" }, true],
    ["a weak block of shutdowns, as systemd 257 calls them", { mode: "block-weak" }, true],
    ["a delay of shutdowns, which takes seconds", { mode: "delay" }, false],
    ["a block of sleep", { what: "sleep:idle" }, false],
    ["a block of something that is only called alike", { what: "handle-shutdown-key" }, false],
  ];
  it("is closed with a block of shutdowns alone", () =>
    everyRow(rows, async (held, closed) => {
      const [said] = await asked("auto", [inhibitor(held)]);
      assert.equal(said, closed ? "shutdowns are blocked by fwupd (Flashing)" : "open");
    }));

  it("names no more than five", async () => {
    const many = Array.from({ length: 8 }, (_, index) => inhibitor({ who: `w${index}`, why: "x" }));
    const [said] = await asked("auto", many);
    assert.match(said ?? "", /by w0 \(x\), .*, w4 \(x\) and 3 more$/);
  });

  it("shows what anybody may have written on one line, and short", async () => {
    const [said = ""] = await asked("auto", [
      inhibitor({ who: "a\u001b[31m\n\u202eb", why: "\u{1F525}".repeat(10_000) }),
    ]);
    assert.ok(said.length < 300);
    assert.match(said, /^shutdowns are blocked by a \[31m b \((?:\u{1F525})+…\)$/u);
  });

  it("is open where there is no bus, unless it is to wait in any case", async () => {
    assert.deepEqual(await asked("auto", noBus, noBus), ["open", "open"]);
    assert.deepEqual(await asked("wait", noBus), [noBus.message]);
  });

  it("cannot tell where there is a bus that does not answer", async () => {
    assert.deepEqual(await asked("auto", noAnswer, []), [noAnswer.message, "open"]);
  });

  it("cannot tell once a bus that was there has gone", async () => {
    assert.deepEqual(await asked("auto", [], noBus), ["open", noBus.message]);
    assert.deepEqual(await asked("auto", noAnswer, noBus), [noAnswer.message, noBus.message]);
  });

  it("is asked before the cycle and before the reboot, and what closes it is soon over", () => {
    const { stages, isTransient, urgentPasses } = inhibitorsGate({ listInhibitors: async () => [] }, "auto");
    assert.deepEqual([stages, isTransient, urgentPasses], [["start", "reboot"], true, undefined]);
  });
});
