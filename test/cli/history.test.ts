import assert from "node:assert/strict";
import { historyText, type PastCycles, pastCycles } from "../../daemon/cli/past-cycles.ts";
import { noTerminal } from "../../daemon/cli/terminal.ts";
import { type EndedCycle, type History, historyAfter } from "../../daemon/cycle/history.ts";
import { rebootedMessage } from "../../daemon/cycle/outcomes.ts";
import { idleRecord, writeRecord } from "../../daemon/cycle/record.ts";
import { ended, iso, minute, noon } from "../cycle/builders.ts";
import { everyRow } from "../rows.ts";
import { assertGolden, inWords } from "./golden.ts";

const hour = 60 * minute;
const second = 1000;

function node(name: string, ...cycles: EndedCycle[]) {
  const history = cycles.reduce<History | undefined>(historyAfter, undefined);
  const record = { ...idleRecord(noon), ...(history && { history }) };
  return { name, annotations: { "rebootd.dev/cycle": writeRecord(record) } };
}

function cycle(result: "rebooted" | "failed" | "withdrawn", hoursAgo: number, message: string): EndedCycle {
  const took = { wait: 4 * minute, drain: 130 * second, boot: 50 * second, return: 20 * second };
  const { wait, drain } = took;
  const parts = { rebooted: took, failed: { wait, drain }, withdrawn: { wait } }[result];
  const outcome = { result, at: iso(noon - hoursAgo * hour), message };
  return { outcome, need: { source: "file", reasons: ["linux-image", "libc6"] }, took: parts };
}

const done = rebootedMessage;
const nodes = [
  node("worker-1", cycle("rebooted", 700, done), cycle("rebooted", 30, done)),
  node(
    "worker-2",
    cycle("failed", 3, "the drain timed out (--drain-timeout): shop/cart-0: no room in budget cart"),
    cycle("rebooted", 2, `${done}; not Ready, as before the cordon: kube-system/exporter`),
  ),
  node("worker-3", cycle("withdrawn", 1, "the window has closed")),
  node("worker-4"),
  { name: "worker-5", annotations: { "rebootd.dev/cycle": "{" } },
  { name: "worker-6" },
];

const terminal = (columns: number) => ({ columns, hasColour: true, isInteractive: true });

describe("The history", () => {
  const all = pastCycles(nodes, { limit: 20 });
  const rows = { isWide: false, hasHeaders: true };
  const wide = { isWide: true, hasHeaders: true };
  const few = pastCycles(nodes, { limit: 2 });
  const none = pastCycles(nodes.slice(3), { limit: 20 });
  const old = pastCycles(nodes, { limit: 20, from: noon - minute });
  const texts: [name: string, past: PastCycles, look: typeof rows, columns: number][] = [
    ["all-80", all, rows, 80],
    ["all-160", all, rows, 160],
    ["wide-160", all, wide, 160],
    ["limit-80", few, rows, 80],
    ["without-headers-160", all, { isWide: false, hasHeaders: false }, 160],
    ["none-80", none, rows, 80],
    ["none-that-new-80", old, rows, 80],
  ];
  for (const [name, past, look, columns] of texts) {
    it(`is for people: ${name}`, () =>
      assertGolden(`history/${name}`, inWords(historyText(past, look, terminal(columns), noon))));
  }

  it("has the newest cycles of all nodes first, and at most as many as asked for", () => {
    const named = (past: PastCycles) => past.cycles.map((one) => [one.node, one.result]);
    assert.deepEqual(named(all), [
      ["worker-3", "withdrawn"],
      ["worker-2", "rebooted"],
      ["worker-2", "failed"],
      ["worker-1", "rebooted"],
      ["worker-1", "rebooted"],
    ]);
    assert.deepEqual(named(few), named(all).slice(0, 2));
    assert.deepEqual(named(pastCycles(nodes, { limit: 9, from: noon - 2 * hour })), named(all).slice(0, 2));
  });

  it("counts all cycles, and not only those that the Nodes keep", () => {
    const many = Array.from({ length: 12 }, (_, at) => cycle("rebooted", 100 - at, done));
    const { cycles, summary } = pastCycles([node("n1", ...many)], { limit: 20 });
    assert.deepEqual([cycles.length, summary.known, summary.total.rebooted], [5, 5, 12]);
  });

  it("says how long half of the cycles took at most", () =>
    everyRow(
      [
        ["none", [], undefined],
        ["one", [45], 60],
        ["more below", [20, 20, 400], 30],
        ["even, the lower half", [20, 400], 30],
        ["at a bound", [60], 60],
        ["longer than the longest bound", [20_000], null],
      ] as const,
      (seconds, half) => {
        const cycles = seconds.map((one) => ended("rebooted", { drain: one * second }));
        assert.equal(pastCycles([node("n1", ...cycles)], { limit: 9 }).summary.halfWithinSeconds.drain, half);
      },
    ));

  it("keeps texts of others on their line", () => {
    const past = pastCycles([node("n1", cycle("failed", 1, "a\u001b[31m\nb\u202e"))], { limit: 9 });
    const text = inWords(historyText(past, rows, noTerminal, noon));
    assert.equal(/\p{C}/u.test(text.replaceAll("\n", "")), false, text);
    assert.equal(text.split("\n").length, 6);
  });
});
