import assert from "node:assert/strict";
import type { CycleTimes } from "../world/courses.ts";
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
const nodeOf = (name: string, ...cycles: CycleTimes[]) => ({ name, cycles });
const draw = (...nodes: ReturnType<typeof nodeOf>[]) =>
  timelineSvg({ startedAt, endedAt: startedAt + 100_000, nodes, concurrency: 1, title: "a <roll>" });

/** Class, start and length of each bar, in seconds. */
function barsOf(svg: string): [string, number, number][] {
  const perSecond = (960 - 100 - 24) / 100;
  const found = svg.matchAll(/<rect class="(\w+)" x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="20">/g);
  return [...found].map(([, name = "", x, width]) => [
    name,
    Math.round((Number(x) - 100) / perSecond),
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
      ["done", 60, 40],
    ]);
  });

  it("lets the span in which a node is stuck last until the end", () => {
    const stuck = { ...whole, readyAt: null, uncordonedAt: null, releasedAt: null };
    assert.deepEqual(barsOf(draw(nodeOf("n1", stuck))).at(-1), ["down", 20, 80]);
  });

  it("has a node wait again after a drain that was given up", () => {
    const cancelled = { ...whole, rebootedAt: null, readyAt: null, uncordonedAt: at(30), releasedAt: at(30) };
    const again = { ...whole, cordonedAt: at(50), rebootedAt: at(60), readyAt: at(80), uncordonedAt: at(90) };
    assert.deepEqual(barsOf(draw(nodeOf("n1", cancelled, { ...again, releasedAt: at(90) }))), [
      ["waiting", 0, 10],
      ["draining", 10, 20],
      ["waiting", 30, 20],
      ["draining", 50, 10],
      ["down", 60, 20],
      ["returning", 80, 10],
      ["done", 90, 10],
    ]);
  });

  it("shows how many are unavailable at a time, and the limit", () => {
    const later = { ...whole, cordonedAt: at(60), rebootedAt: at(70), readyAt: null };
    const svg = draw(nodeOf("n1", whole), nodeOf("n2", { ...later, uncordonedAt: null, releasedAt: null }));
    const [, path = ""] = /<path class="away" d="([^"]+)"/.exec(svg) ?? [];
    // One after the other is never two.
    assert.equal(new Set(path.match(/V[\d.]+/g)).size, 2);
    assert.match(svg, />limit 1</);
  });

  it("is told in words to those who do not see it", () => {
    const svg = draw(nodeOf("n1", whole), nodeOf("n2"));
    assert.match(
      svg,
      /role="img" aria-labelledby="title desc">\n<title id="title">a &#60;roll&#62;<\/title>/,
    );
    assert.match(
      svg,
      /<desc id="desc">.*n1 went down at 20\.0 s, and was uncordoned at 1:00 min\. n2 was not rebooted\.</,
    );
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
