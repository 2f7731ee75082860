import assert from "node:assert/strict";
import { scaleSvg } from "./scale.ts";

describe("The picture of how rolls grow", () => {
  it("has each figure of each size on its axis, from 0 to a round number", () => {
    const rows = [
      { nodes: 10, requests: 450, writes: 20, handOvers: [400, 500, 600] },
      { nodes: 1000, requests: 50_000, writes: 2300, handOvers: [700, 800, 900] },
    ];
    const svg = scaleSvg(rows);
    const circles = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [x, y]);
    assert.deepEqual(circles.slice(0, 2), [
      ["46.0", "58.0"],
      ["286.0", "40.0"],
    ]);
    assert.equal(circles.length, 6);
    for (const text of ["requests a node", ">50<", ">10<", ">1,000<"]) assert.ok(svg.includes(text), text);
  });
});
