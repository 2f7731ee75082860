import assert from "node:assert/strict";
import fc from "fast-check";
import {
  afterCycle,
  type CycleEnd,
  type Failure,
  type Failures,
  failuresMax,
  halted,
  parseFailures,
  writeFailures,
} from "../../daemon/lock/failures.ts";

const at = "2026-11-24T12:00:00.000Z";
const later = "2026-11-24T12:05:00.000Z";
const failure = (node: string, changes: Partial<Failure> = {}): Failure => {
  return { node, at, message: "the drain has passed its deadline", ...changes };
};
const of = (...nodes: string[]): Failures => ({
  state: "readable",
  failed: nodes.map((node) => failure(node)),
});
const end = (result: CycleEnd["result"], message = "why"): CycleEnd => ({ result, at: later, message });
const names = (failed: readonly Failure[] | undefined) => failed?.map(({ node }) => node);

describe("The failures beside the lock", () => {
  it("are none where there is no annotation", () => {
    assert.deepEqual(parseFailures(undefined), of());
    assert.equal(writeFailures([]), null);
  });

  it("are read as they were written", () => {
    const { failed } = of("n1", "n2") as Extract<Failures, { state: "readable" }>;
    assert.deepEqual(parseFailures(writeFailures(failed) ?? undefined), { state: "readable", failed });
  });

  it("count a node once, though a person wrote it twice", () => {
    const twice = [failure("n1"), failure("n2"), failure("n1", { at: later })];
    const failures = parseFailures(JSON.stringify(twice));
    assert.ok(failures.state === "readable");
    assert.deepEqual(failures.failed, [failure("n2"), failure("n1", { at: later })]);
  });

  for (const junk of ["", "not json", "{}", "null", "7", '["n1"]', '[{"node":"n1"}]', "x".repeat(100_000)]) {
    it(`hold every node back where they read ${junk.slice(0, 20) || "nothing"}, and say how to mend it`, () => {
      const refused = halted(parseFailures(junk), 3);
      assert.equal(refused?.code, "failures-unreadable");
      assert.match(
        refused?.message ?? "",
        /^the failures .* cannot be read: .*; nothing starts until rebootd resume --all, which takes them away$/,
      );
      assert.ok((refused?.message.length ?? 0) < 250);
      assert.equal(halted(parseFailures(junk), 0), undefined);
    });
  }

  const nested = `[{"node":"a","at":"","message":"","x":${"[".repeat(50_000)}${"]".repeat(50_000)}}]`;
  const many = (count: number) => JSON.stringify(Array.from({ length: count }, (_, n) => failure(`n${n}`)));
  for (const [gains, annotation, says] of [
    ["end the daemon by their depth", nested, /deep; nothing starts/],
    ["keep it busy with comparing them", many(101), /there are more than 100 of them; nothing starts/],
    ["fill its memory", many(2000), /more than 131072 characters; nothing starts/],
  ] as const) {
    it(`do not ${gains}: they are unreadable, and say how to mend it`, () => {
      const begin = performance.now();
      const refused = halted(parseFailures(annotation), 3);
      assert.equal(refused?.code, "failures-unreadable");
      assert.match(refused?.message ?? "", says);
      assert.ok(performance.now() - begin < 1000);
    });
  }

  it("are readable up to all that this version writes, in the longest of words", () => {
    const failed = Array.from({ length: failuresMax }, (_, n) => {
      return failure(`${n}`.padStart(253, "n"), { message: "\u0001".repeat(200) });
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
        halted(failures, 1);
        afterCycle(failures, end("failed"), "n1", 3);
      }),
    );
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
  for (const [what, before, result, after] of rows) {
    it(`${what}: ${after === undefined ? "as they were" : after.join(", ") || "none"}`, () => {
      assert.deepEqual(names(afterCycle(before, end(result), "n9", 3)), after);
    });
  }

  it("clears them always where nothing is ever halted", () => {
    assert.deepEqual(afterCycle(of("n1", "n2", "n3"), end("rebooted"), "n9", 0), []);
  });

  it("leaves alone what cannot be read", () => {
    for (const result of ["failed", "rebooted", "withdrawn"] as const)
      assert.equal(afterCycle(parseFailures("junk"), end(result), "n9", 3), undefined);
  });

  it("is written down once, though the answer was lost and it is written again", () => {
    const once = afterCycle(of("n1"), end("failed"), "n9", 3) ?? [];
    assert.deepEqual(afterCycle({ state: "readable", failed: once }, end("failed"), "n9", 3), once);
  });

  it("is written down within bounds", () => {
    let failures = of();
    for (let number = 1; number <= 2 * failuresMax; number += 1) {
      const failed = afterCycle(failures, end("failed", "x".repeat(5000)), `n${number}`, 0) ?? [];
      failures = { state: "readable", failed };
    }
    assert.ok(failures.state === "readable");
    assert.equal(failures.failed.length, failuresMax);
    assert.equal(failures.failed.at(-1)?.node, `n${2 * failuresMax}`);
    for (const { message } of failures.failed) assert.equal(message.length, 200);
  });
});

describe("Nodes that failed in a row", () => {
  for (const [failed, limit, isHalted] of [
    [2, 3, false],
    [3, 3, true],
    [4, 3, true],
    [1, 1, true],
    [20, 0, false],
  ] as const) {
    it(`${failed} of them with a limit of ${limit} ${isHalted ? "halt" : "do not halt"} all`, () => {
      const nodes = Array.from({ length: failed }, (_, index) => `n${index}`);
      assert.equal(halted(of(...nodes), limit)?.code, isHalted ? "halted" : undefined);
    });
  }

  it("are named, with what failed", () => {
    const failures = parseFailures(
      JSON.stringify([failure("n4"), failure("n7", { message: "the machine is still up" })]),
    );
    assert.equal(
      halted(failures, 2)?.message,
      "2 nodes failed in a row (n4: the drain has passed its deadline; n7: the machine is still up): nothing starts until rebootd resume --all",
    );
    assert.match(halted(of("n1"), 1)?.message ?? "", /^1 node failed in a row \(n1: /);
  });

  it("are named in a sentence that fits an event, however many there are", () => {
    const many = Array.from({ length: 20 }, (_, index) => {
      return failure(`n${index}.${"x".repeat(240)}`, { message: "y".repeat(200) });
    });
    const message = halted({ state: "readable", failed: many }, 3)?.message ?? "";
    assert.ok(message.length <= 1024, `${message.length}`);
    assert.match(message, /^20 nodes failed in a row \(15 before; n15\./);
  });
});
