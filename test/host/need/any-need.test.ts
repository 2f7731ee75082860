import assert from "node:assert/strict";
import sinon from "sinon";
import { anyNeed } from "../../../daemon/host/need/any-need.ts";
import type { Need } from "../../../daemon/host/need/need.ts";
import { everyRow } from "../../rows.ts";

const { signal } = new AbortController();

describe("The need by any of several sources", () => {
  const not: Need = { state: "not-needed" };
  const unknown: Need = { state: "unknown", why: "no folder" };
  const needed = (...reasons: string[]): Need => ({ state: "needed", source: "file", reasons });
  const source = (
    need: Need,
    { name = "sentinel", precheck }: { name?: string; precheck?: string } = {},
  ) => ({
    name,
    check: async () => need,
    watch: sinon.fake(),
    precheck: async () => precheck,
  });

  const rows: [needs: Need[], expected: Need][] = [
    [[needed()], needed()],
    [[unknown], unknown],
    [[not, needed("linux")], needed("linux")],
    [[needed("linux", "glibc"), not, needed("glibc", "ssl")], needed("linux", "glibc", "ssl")],
    [[not, needed()], needed("source 1")],
    [[needed("linux"), needed()], needed("linux", "source 1")],
    [[unknown, needed("linux")], needed("linux", "cannot tell: no folder")],
    [[needed(), unknown], needed("source 0", "cannot tell: no folder")],
    [[not, unknown], unknown],
    [
      [unknown, { state: "unknown", why: "no answer" }, unknown],
      { state: "unknown", why: "no folder; no answer" },
    ],
    [[not, not], not],
  ];
  it("is that of each source that has one, else unknown if one source cannot tell", () =>
    everyRow(
      rows.map((row) => [row[0].map(({ state }) => state).join(" and "), ...row] as const),
      async (needs, expected) => {
        const any = anyNeed(needs.map((need, index) => source(need, { name: `source ${index}` })));
        assert.deepEqual(await any.check(true, signal), expected);
      },
    ));

  it("is of the source of the first one, and has its kind as the reason of one without a name", async () => {
    const command: Need = { state: "needed", source: "command", reasons: [] };
    const any = anyNeed([{ ...source(not) }, { check: async () => command, watch: () => {} }]);
    assert.deepEqual(await any.check(true, signal), { ...command, reasons: ["the command"] });
    assert.equal(await any.precheck(signal), undefined);
  });

  it("is of low urgency only if every one is", async () => {
    const low: Need = { state: "needed", source: "file", reasons: ["patched live"], urgency: "low" };
    const uptime: Need = { state: "needed", source: "uptime", reasons: ["up for long"] };
    assert.deepEqual(await anyNeed([source(low), source(uptime)]).check(true, signal), {
      ...uptime,
      reasons: ["patched live", "up for long"],
    });
    assert.deepEqual(await anyNeed([source(low), source(not)]).check(true, signal), low);
  });

  it("has at most 50 reasons", async () => {
    const many = (from: number) =>
      source(needed(...Array.from({ length: 40 }, (_, index) => `p${from + index}`)));
    const need = await anyNeed([many(0), many(40)]).check(true, signal);
    assert.equal(need.state === "needed" && need.reasons.length, 50);
  });

  it("is watched at each source, and fails the precheck if one source does", async () => {
    const sources = [source(not), source(not, { precheck: "it is a folder" })];
    const [onChange, onBreak] = [() => {}, sinon.fake()];
    anyNeed(sources).watch(onChange, signal, onBreak);
    for (const { watch } of sources) {
      sinon.assert.calledOnceWithExactly(watch, onChange, signal, sinon.match.func);
      watch.firstCall.args[2](new Error("no watch is to be had"));
    }
    sinon.assert.calledOnce(onBreak);
    assert.equal(await anyNeed(sources).precheck(signal), "it is a folder");
    assert.equal(await anyNeed([source(not)]).precheck(signal), undefined);
  });
});
