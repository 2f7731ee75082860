import assert from "node:assert/strict";
import fc from "fast-check";
import {
  afterCycle,
  type CycleEnd,
  type Failure,
  type Failures,
  failuresMax,
  type HaltAfter,
  halted,
  haltsAfter,
  inARow,
  parseFailures,
  writeFailures,
} from "../../daemon/lock/failures.ts";
import { everyRow } from "../rows.ts";

const at = "2026-11-24T12:00:00.000Z";
const later = "2026-11-24T12:05:00.000Z";
const failure = (node: string, changes: Partial<Failure> = {}): Failure => {
  return { node, at, message: "the drain timed out", ...changes };
};
const of = (...nodes: string[]): Failures => ({
  state: "readable",
  failed: nodes.map((node) => failure(node)),
});
const drains = (...nodes: string[]): Failure[] => nodes.map((node) => failure(node, { during: "drain" }));
const both = (...failed: Failure[]): Failures => ({ state: "readable", failed });
const end = (result: CycleEnd["result"], message = "why"): CycleEnd => ({ result, at: later, message });
const drainFailed: CycleEnd = { ...end("failed"), during: "drain" };
/** After so many failed reboots, and so many failed drains. */
const haltAt = (reboots: number, failedDrains = 0): HaltAfter => ({ reboots, drains: failedDrains });
const names = (failed: readonly Failure[] | undefined) => failed?.map(({ node }) => node);

describe("The failures beside the lock", () => {
  it("are read as they were written, each node once, and are none without an annotation", () => {
    assert.deepEqual(parseFailures(undefined), of());
    assert.equal(writeFailures([]), null);
    const { failed } = of("n1", "n2") as Extract<Failures, { state: "readable" }>;
    assert.deepEqual(parseFailures(writeFailures(failed) ?? undefined), { state: "readable", failed });
    const twice = [failure("n1"), failure("n2"), failure("n1", { at: later })];
    const failures = parseFailures(JSON.stringify(twice));
    assert.ok(failures.state === "readable");
    assert.deepEqual(failures.failed, [failure("n2"), failure("n1", { at: later })]);
  });

  const junk = ["", "not json", "{}", "null", "7", '["n1"]', '[{"node":"n1"}]', "x".repeat(100_000)];
  it("halt all if they are unreadable, and the message says how to repair them", () =>
    everyRow(
      junk.map((text) => [text.slice(0, 20), text] as const),
      (text) => {
        const refused = halted(parseFailures(text), haltAt(3));
        assert.equal(refused?.code, "failures-unreadable");
        assert.match(
          refused?.message ?? "",
          /^the failures .* cannot be read: .*; no node starts until rebootd resume --all, which removes them$/,
        );
        assert.ok((refused?.message.length ?? 0) < 250);
        assert.equal(halted(parseFailures(text), haltAt(0, 1))?.code, "failures-unreadable");
        assert.equal(halted(parseFailures(text), haltAt(0)), undefined);
      },
    ));

  const nested = `[{"node":"a","at":"","message":"","x":${"[".repeat(50_000)}${"]".repeat(50_000)}}]`;
  const many = (count: number) => JSON.stringify(Array.from({ length: count }, (_, n) => failure(`n${n}`)));
  const hostile: [gains: string, annotation: string, message: RegExp][] = [
    ["end the daemon by their depth", nested, /deep; no node starts/],
    ["keep it busy with comparing them", many(101), /there are more than 100 of them; no node starts/],
    ["fill its memory", many(2000), /more than 131072 characters; no node starts/],
  ];
  it("are unreadable if they are too deep, too many or too long", () =>
    everyRow(hostile, (annotation, message) => {
      const begin = performance.now();
      const refused = halted(parseFailures(annotation), haltAt(3));
      assert.equal(refused?.code, "failures-unreadable");
      assert.match(refused?.message ?? "", message);
      assert.ok(performance.now() - begin < 1000);
    }));

  it("are readable up to the longest value that this version writes", () => {
    const failed = Array.from({ length: 2 * failuresMax }, (_, n) => {
      const during = n % 2 === 0 ? ({ during: "drain" } as const) : {};
      return failure(`${n}`.padStart(253, "n"), { message: "\u0001".repeat(200), haltAfter: 20, ...during });
    });
    const failures = parseFailures(writeFailures(failed) ?? "");
    assert.deepEqual(failures, { state: "readable", failed });
  });

  it("never make the reader fail", () => {
    const anything = fc.oneof(
      fc.string(),
      fc.json(),
      fc.jsonValue().map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(anything, (annotation) => {
        const failures = parseFailures(annotation);
        halted(failures, haltAt(1, 1));
        afterCycle(failures, end("failed"), "n1", haltAt(3));
      }),
    );
  });

  const counts: [what: string, failed: number, limit: number, isHalted: boolean][] = [
    ["fewer than the limit", 2, 3, false],
    ["as many", 3, 3, true],
    ["more", 4, 3, true],
    ["one with a limit of one", 1, 1, true],
    ["many without a limit", 20, 0, false],
  ];
  it("halt all nodes from the limit on; 0 is no limit", () =>
    everyRow(counts, (failed, limit, isHalted) => {
      const nodes = Array.from({ length: failed }, (_, index) => `n${index}`);
      assert.equal(halted(of(...nodes), haltAt(limit))?.code, isHalted ? "halted" : undefined);
    }));

  it("are named with their error, in a sentence that fits an event", () => {
    const failures = parseFailures(
      JSON.stringify([failure("n4"), failure("n7", { message: "the machine is still up" })]),
    );
    assert.equal(
      halted(failures, haltAt(2))?.message,
      "2 nodes failed to reboot in a row (n4: the drain timed out; n7: the machine is still up): no node starts until rebootd resume --all",
    );
    assert.match(halted(of("n1"), haltAt(1))?.message ?? "", /^1 node failed to reboot \(n1: /);
    const many = Array.from({ length: 20 }, (_, index) => {
      return failure(`n${index}.${"x".repeat(240)}`, { message: "y".repeat(200) });
    });
    const message = halted({ state: "readable", failed: many }, haltAt(3))?.message ?? "";
    assert.ok(message.length <= 1024, `${message.length}`);
    assert.match(message, /^20 nodes failed to reboot in a row \(15 before; n15\./);
  });

  it("of another version are read: of no kind or an unknown one they are failed reboots", () => {
    const failures = parseFailures(JSON.stringify([{ ...failure("n1"), haltAfter: 1 }]));
    assert.deepEqual(haltsAfter(failures), haltAt(1));
    assert.equal(halted(failures, haltAt(1))?.code, "halted");
    const unknown = parseFailures(JSON.stringify([{ ...failure("n1"), during: "return" }]));
    assert.equal(halted(unknown, haltAt(1))?.code, "halted");
    const more = parseFailures(JSON.stringify([{ ...failure("n1", { during: "drain" }), mood: "new" }]));
    assert.deepEqual(more, both(failure("n1", { during: "drain" })));
  });
});

describe("A cycle that has ended", () => {
  const rows: [what: string, before: Failures, result: CycleEnd["result"], after: string[] | undefined][] = [
    ["failed, as the first", of(), "failed", ["n9"]],
    ["failed after other nodes", of("n1", "n2"), "failed", ["n1", "n2", "n9"]],
    ["failed again, with the latest failure", of("n9", "n1"), "failed", ["n1", "n9"]],
    [
      "failed though all is halted, for a person to see",
      of("n1", "n2", "n3"),
      "failed",
      ["n1", "n2", "n3", "n9"],
    ],
    ["rebooted, which clears them", of("n1", "n2"), "rebooted", []],
    ["rebooted where there were none", of(), "rebooted", undefined],
    [
      "rebooted though all is halted, which only a person clears",
      of("n1", "n2", "n3"),
      "rebooted",
      undefined,
    ],
    ["was withdrawn, which is no failure and proves nothing", of("n1"), "withdrawn", undefined],
  ];
  it("adds its failure, clears all by a proved reboot, or leaves them as they are", () =>
    everyRow(rows, (before, result, after) =>
      assert.deepEqual(names(afterCycle(before, end(result), "n9", haltAt(3))), after),
    ));

  it("clears them always if nothing is ever halted, but not if they are unreadable", () => {
    assert.deepEqual(afterCycle(of("n1", "n2", "n3"), end("rebooted"), "n9", haltAt(0)), []);
    for (const result of ["failed", "rebooted", "withdrawn"] as const)
      assert.equal(afterCycle(parseFailures("junk"), end(result), "n9", haltAt(3)), undefined);
  });

  it("is stored within bounds, and once although the answer was lost and it is written again", () => {
    const once = afterCycle(of("n1"), end("failed"), "n9", haltAt(3)) ?? [];
    assert.deepEqual(afterCycle({ state: "readable", failed: once }, end("failed"), "n9", haltAt(3)), once);
    let failures = of();
    for (let number = 1; number <= 2 * failuresMax; number += 1) {
      const failed = afterCycle(failures, end("failed", "x".repeat(5000)), `n${number}`, haltAt(0)) ?? [];
      failures = { state: "readable", failed };
    }
    assert.ok(failures.state === "readable");
    assert.equal(failures.failed.length, failuresMax);
    assert.equal(failures.failed.at(-1)?.node, `n${2 * failuresMax}`);
    for (const { message } of failures.failed) assert.equal(message.length, 200);
  });
});

describe("A drain that has failed", () => {
  const failedDrain = (before: Failures, node = "n9") => afterCycle(before, drainFailed, node, haltAt(3, 5));

  it("is stored as a failed drain, with the limit that would halt all", () => {
    const { at, message } = drainFailed;
    const written = { node: "n9", at, message, haltAfter: 5, during: "drain" };
    assert.deepEqual(failedDrain(of("n1")), [failure("n1"), written]);
  });

  it("counts once for each node, beside failed reboots even of its own node", () => {
    const failed = failedDrain(of("n1", "n9")) ?? [];
    assert.deepEqual(names(failed), ["n1", "n9", "n9"]);
    assert.deepEqual(haltsAfter(both(...failed)), haltAt(0, 5));
    assert.equal(halted(both(...failed), haltAt(2, 2))?.code, "halted");
    assert.equal(halted(both(...failed), haltAt(3, 2)), undefined);
    const again = failedDrain(both(...drains("n9", "n1"), failure("n9")));
    assert.deepEqual(
      again?.map(({ node, during = "reboot" }) => `${node} ${during}`),
      ["n1 drain", "n9 reboot", "n9 drain"],
    );
  });

  it("pushes no failed reboot out, however many there are", () => {
    let failed: readonly Failure[] = [failure("n1")];
    for (let number = 2; number <= 2 * failuresMax; number += 1)
      failed = failedDrain(both(...failed), `n${number}`) ?? [];
    assert.equal(failed.length, failuresMax + 1);
    assert.equal(halted(both(...failed), haltAt(1))?.code, "halted");
  });

  it("is cleared by a proved reboot, as the failed reboots are", () => {
    const before = both(...drains("n1", "n2"), failure("n3"));
    assert.deepEqual(afterCycle(before, end("rebooted"), "n9", haltAt(3, 3)), []);
    assert.equal(afterCycle(before, end("rebooted"), "n9", haltAt(3, 2)), undefined);
    assert.equal(afterCycle(before, end("rebooted"), "n9", haltAt(1, 0)), undefined);
  });

  const limits: [what: string, limits: HaltAfter, code: string | undefined][] = [
    ["off", haltAt(1), undefined],
    ["three", haltAt(0, 3), "halted"],
    ["four", haltAt(0, 4), undefined],
  ];
  it("of the third node halts all only with --halt-after-failed-drains of at most three", () =>
    everyRow(limits, (haltAfter, code) =>
      assert.equal(halted(both(...drains("n1", "n2", "n3")), haltAfter)?.code, code),
    ));

  it("is named as a failed drain", () => {
    const failures = both(failure("n1"), ...drains("n2", "n3"));
    assert.match(
      halted(failures, haltAt(3, 2))?.message ?? "",
      /^2 nodes failed to drain in a row \(n2: .*; n3: .*\): no node starts until rebootd resume --all$/,
    );
    assert.match(
      inARow([failure("n1"), ...drains("n2", "n3")]),
      /^1 node failed to reboot \(n1: [^)]*\), 2 nodes failed to drain in a row \(n2: [^)]*\)$/,
    );
  });
});
