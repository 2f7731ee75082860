import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { decide } from "../../daemon/cycle/decide.ts";
import type { Observation } from "../../daemon/cycle/observation.ts";
import { phases } from "../../daemon/cycle/record.ts";
import type { Closed } from "../../daemon/gates/reasons.ts";
import { iso, minute, noon, policy, record, seen } from "./builders.ts";

const page = readFileSync(new URL("../../docs/design/cycle.md", import.meta.url), "utf8");

/** "From --> To", as the drawing in docs/design/cycle.md has them. */
function drawn(): string[] {
  const [, drawing = ""] = /```mermaid\nstateDiagram-v2\n([^`]*)```/.exec(page) ?? [];
  const arrows = drawing.split("\n").map((line) => line.trim().split(": ")[0] ?? "");
  return [...new Set(arrows.filter((line) => /^\w+ --> \w+$/.test(line)))].sort();
}

const either = [true, false];
const drains: Observation["drain"][] = [
  { state: "none" },
  { state: "done", at: noon },
  { state: "failed", why: "" },
];
/** What may be seen, and what the record may say. */
const views = {
  phase: phases,
  result: ["failed", "withdrawn"] as const,
  needed: either,
  held: either,
  isClosed: either,
  rebooted: either,
  unschedulable: either,
  drain: drains,
  isAsked: either,
  shutdown: ["none", "under-way"] as const,
  /** Of two that are allowed. */
  attempt: [1, 2],
  reboots: [0, 2],
  cordoned: either,
  rebootAnyway: either,
  now: [noon, noon + 60 * minute],
};

/** Every combination of the given values. */
function* combinations<T extends Record<string, readonly unknown[]>>(
  values: T,
): Generator<{ [K in keyof T]: T[K][number] }> {
  const [name, ...names] = Object.keys(values);
  if (name === undefined) return yield {} as never;
  const { [name]: own = [], ...others } = values;
  assert.equal(Object.keys(others).length, names.length);
  for (const rest of combinations(others)) for (const value of own) yield { ...rest, [name]: value } as never;
}

/** All changes of phase that are ever decided. */
function decided(): string[] {
  const found = new Set<string>();
  for (const { phase, result, isClosed, unschedulable, isAsked, ...view } of combinations(views)) {
    const { reboots, cordoned, rebootAnyway, now, attempt, ...facts } = view;
    const outcome = { result, at: iso(noon), message: "" };
    const before = record({
      phase,
      attempt,
      reboots,
      cordoned,
      outcome,
      askedAt: isAsked ? iso(noon) : undefined,
    });
    const closed: Closed[] = isClosed ? [{ gate: "window", code: "outside", message: "" }] : [];
    const all = seen({
      ...facts,
      closed,
      stage: phase === "Draining" ? "reboot" : "slot",
      node: { unschedulable },
      readySince: noon,
    });
    const { action } = decide(before, all, policy({ rebootAnyway }), now);
    if (action.do === "save" && action.record.phase !== phase)
      found.add(`${phase} --> ${action.record.phase}`);
  }
  return [...found].sort();
}

describe("The drawing of the phases in docs/design/cycle.md", () => {
  it("has an arrow for each change of phase that is ever decided, and no other", function () {
    this.timeout(20_000);
    assert.deepEqual(drawn(), decided());
  });
});
