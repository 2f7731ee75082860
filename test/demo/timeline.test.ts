import assert from "node:assert/strict";
import type { CycleTimes } from "../world/courses.ts";
import type { NodeReport } from "../world/judge.ts";
import { timelineSvg } from "./timeline.ts";

const startedAt = Date.parse("2026-01-01T00:00:00Z");
const at = (seconds: number) => new Date(startedAt + seconds * 1000).toISOString();
const whole: CycleTimes = {
  sentinelAt: at(0),
  cordonedAt: at(10),
  rebootedAt: at(20),
  readyAt: at(50),
  uncordonedAt: at(60),
  releasedAt: at(60),
};
const nodeOf = (name: string, ...cycles: CycleTimes[]): NodeReport => ({
  name,
  ...whole,
  bootIDs: [],
  cycles,
});
const draw = (...nodes: NodeReport[]) =>
  timelineSvg({ startedAt, endedAt: startedAt + 100_000, nodes, title: "a <roll>" });

/** Class, start and length of each bar, in seconds. */
function barsOf(svg: string): [string, number, number][] {
  const perSecond = (960 - 90 - 24) / 100;
  const found = svg.matchAll(/<rect class="(\w+)" x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="20">/g);
  return [...found].map(([, name = "", x, width]) => [
    name,
    Math.round((Number(x) - 90) / perSecond),
    Math.round(Number(width) / perSecond),
  ]);
}

describe("The timeline", () => {
  it("has one bar for each span of a cycle, in its place", () => {
    assert.deepEqual(barsOf(draw(nodeOf("n1", whole))), [
      ["waiting", 0, 10],
      ["draining", 10, 10],
      ["down", 20, 30],
      ["returning", 50, 10],
      ["uncordoned", 60, 40],
    ]);
  });

  it("lets the span in which a node is stuck last until the end", () => {
    const stuck = { ...whole, readyAt: null, uncordonedAt: null, releasedAt: null };
    assert.deepEqual(barsOf(draw(nodeOf("n1", stuck))).at(-1), ["down", 20, 80]);
  });

  it("has a row for a node without a cycle", () => {
    assert.match(draw(nodeOf("n1")), />n1<title>/);
  });

  it("is well-formed with any name", () => {
    const svg = draw(nodeOf('<"&>', whole));
    assert.ok(!/<"&>|<roll>/.test(svg));
    const opened = svg.match(/<[a-z]+(?=[^>]*[^/]>|>)/g)?.length;
    assert.equal(svg.match(/<\/[a-z]+>/g)?.length, opened);
  });

  it("has at most a dozen ticks, at round times", () => {
    const ticks = [...draw(nodeOf("n1", whole)).matchAll(/class="faint tick"[^>]*>([\d.]+) s</g)].map(
      ([, s]) => s,
    );
    assert.deepEqual(ticks, ["0", "10", "20", "30", "40", "50", "60", "70", "80", "90", "100"]);
  });
});
