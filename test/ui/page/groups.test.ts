import assert from "node:assert/strict";
import { groupsOf, type MoveKey, matcherOf, moved } from "../../../daemon/ui/page/groups.ts";
import type { Filter } from "../../../daemon/ui/page/route.ts";
import { everyRow } from "../../rows.ts";
import { tile } from "./tiles.ts";

const all: Filter = { text: "", phases: [], isTroubledOnly: false };

const nodes = [
  tile("a1", { zone: "a", pool: "db", phase: "Draining", why: ["budget shop/cart"] }),
  tile("a2", { zone: "a" }),
  tile("b1", { zone: "b", phase: "Failed" }),
  tile("x1"),
];

describe("Groups of tiles", () => {
  it("are by zone, the nodes without a zone last", () =>
    assert.deepEqual(groupsOf(nodes, "zone", all), [
      { key: "a", names: ["a1", "a2"] },
      { key: "b", names: ["b1"] },
      { key: "", names: ["x1"] },
    ]));

  it("are by phase with the phases that matter first", () => {
    const keys = groupsOf(nodes, "phase", all).map(({ key }) => key);
    assert.deepEqual(keys, ["Failed", "Draining", "Idle"]);
  });

  it("are one without a grouping", () =>
    assert.deepEqual(groupsOf(nodes, "none", all), [{ key: "", names: ["a1", "a2", "b1", "x1"] }]));

  const filters: [name: string, filter: Partial<Filter>, found: string[]][] = [
    ["a part of a name", { text: "1" }, ["a1", "b1", "x1"]],
    ["a reason, in any case", { text: "SHOP/Cart" }, ["a1"]],
    ["a pool", { text: "db" }, ["a1"]],
    ["each word", { text: " a1  cart " }, ["a1"]],
    ["no word that is missing", { text: "a1 nothing" }, []],
    ["any of the phases", { phases: ["Failed", "Draining"] }, ["a1", "b1"]],
    ["trouble alone", { isTroubledOnly: true }, ["b1"]],
    ["all of them together", { isTroubledOnly: true, phases: ["Idle"] }, []],
  ];
  it("hold the nodes that match", () =>
    everyRow(
      filters.map((row) => [row[0], row] as const),
      ([, filter, found]) => {
        const matches = matcherOf({ ...all, ...filter });
        assert.deepEqual(
          nodes.filter(matches).map(({ name }) => name),
          found,
        );
      },
    ));
});

describe("The focus in the grid", () => {
  /** Rows of three: group 0 has five tiles, group 1 has two, group 2 has four. */
  const sizes = [5, 2, 4];
  const rows: [from: [number, number], key: MoveKey, to: [number, number]][] = [
    [[0, 0], "ArrowRight", [0, 1]],
    [[0, 4], "ArrowRight", [1, 0]],
    [[2, 3], "ArrowRight", [2, 3]],
    [[1, 0], "ArrowLeft", [0, 4]],
    [[0, 0], "ArrowLeft", [0, 0]],
    [[0, 0], "ArrowDown", [0, 3]],
    [[0, 2], "ArrowDown", [0, 4]],
    [[0, 4], "ArrowDown", [1, 1]],
    [[1, 1], "ArrowDown", [2, 1]],
    [[2, 3], "ArrowDown", [2, 3]],
    [[0, 4], "ArrowUp", [0, 1]],
    [[0, 1], "ArrowUp", [0, 1]],
    [[1, 0], "ArrowUp", [0, 3]],
    [[2, 2], "ArrowUp", [1, 1]],
    [[0, 3], "Home", [0, 0]],
    [[0, 3], "End", [0, 4]],
    [[0, 3], "PageDown", [1, 0]],
    [[2, 1], "PageDown", [2, 3]],
    [[2, 1], "PageUp", [1, 0]],
    [[0, 3], "PageUp", [0, 0]],
  ];
  it("moves by the keys, from group to group", () =>
    everyRow(
      rows.map((row) => [`${row[0]} ${row[1]}`, row] as const),
      ([[group, at], key, to]) => {
        const next = moved({ group, tile: at }, key, sizes, 3);
        assert.deepEqual([next.group, next.tile], to);
      },
    ));

  it("reaches each tile with the right arrow alone, and comes back with the left one", () => {
    const walk = (key: MoveKey, from: { group: number; tile: number }) => {
      const places = [from];
      for (let step = 1; step < 11; step += 1) places.push(moved(places.at(-1) ?? from, key, sizes, 3));
      return places.map(({ group, tile: at }) => `${group}.${at}`);
    };
    const there = walk("ArrowRight", { group: 0, tile: 0 });
    assert.equal(new Set(there).size, 11);
    assert.deepEqual(walk("ArrowLeft", { group: 2, tile: 3 }), there.toReversed());
  });
});
