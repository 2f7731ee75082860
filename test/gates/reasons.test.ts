import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { createGates, type GatePorts } from "../../daemon/compose/gates.ts";
import { parseSettings } from "../../daemon/config/settings.ts";
import { outcomes } from "../../daemon/cycle/outcomes.ts";
import { remarks } from "../../daemon/drain/finding.ts";
import {
  askedGates,
  cycleGates,
  gates,
  isKnownReason,
  isReason,
  unevaluated,
} from "../../daemon/gates/reasons.ts";
import { systemClock } from "../../daemon/time/clock.ts";

const root = new URL("../../", import.meta.url);
const page = readFileSync(new URL("docs/reference/reasons.md", root), "utf8");

type Table = Readonly<Record<string, string>>;

const codesOf = (table: Table) => Object.entries(table).map(([code, about]) => `| \`${code}\` | ${about} |`);

/** Headings, and the rows and sentences below each of them. */
const pageLines = page.split("\n").filter((line) => /^(## |### |\| `|> )/.test(line));

function sectionsOf(gates: Readonly<Record<string, { about: string; codes: Table }>>): string[] {
  return Object.entries(gates).flatMap(([name, { about, codes }]) => [
    `### \`${name}\``,
    `> ${about}`,
    ...codesOf(codes),
  ]);
}

describe("The table of gates and reasons", () => {
  it("is the one in docs/reference/reasons.md", () => {
    assert.deepEqual(pageLines, [
      "## Gates",
      ...sectionsOf(askedGates),
      "## Any of these gates",
      ...codesOf(unevaluated),
      "## The lock and the cycle",
      ...sectionsOf(cycleGates),
      "## Findings that keep no drain from starting",
      ...codesOf(remarks),
      "## Outcomes of a cycle",
      ...codesOf(outcomes),
    ]);
  });

  it("has a file of its name for each gate that is asked", () => {
    for (const gate of Object.keys(askedGates)) {
      const text = readFileSync(new URL(`daemon/gates/${gate}.ts`, root), "utf8");
      assert.ok(text.includes(`Gate<"${gate}">`), gate);
    }
  });

  it("has no gate that no settings choose", () => {
    const config = parseSettings({
      "node-id": "n1",
      "prometheus-url": "http://prometheus:9090",
      "block-on-query": "up == 0",
      "blocking-pod-selector": "app=job",
      "drain-pod-selector": "app",
      "logged-in-users": "wait:1h",
      "wait-for-opt-outs": "6h",
      inhibitors: "wait",
      "healthy-when": "v1/Node: true",
      approval: "manual",
    });
    const names = createGates(config, {
      clock: systemClock,
      random: Math.random,
      instance: "rebootd-abcde",
      createHealthLook: () => async () => [],
      updateUnderWay: async () => undefined,
      ...({} as Pick<GatePorts, "api" | "listPods" | "daemonSetExists" | "post" | "logind" | "warn">),
    }).map(({ name }) => name);
    assert.deepEqual(names.sort(), Object.keys(askedGates).sort());
  });

  it("has no code that nothing reports", () => {
    const sources = globSync("daemon/**/*.ts", { cwd: root })
      .filter((file) => !/(gates\/reasons|lock\/refusal|drain\/finding|cycle\/outcomes)\.ts$/.test(file))
      .map((file) => readFileSync(new URL(file, root), "utf8"));
    const text = sources.join("\n");
    const tables: Table[] = [...Object.values(askedGates), ...Object.values(cycleGates)].map(
      ({ codes }) => codes,
    );
    const codes = [...tables, unevaluated, remarks, outcomes].flatMap(Object.keys);
    assert.deepEqual(
      [...new Set(codes)].filter((code) => !text.includes(`"${code}"`)),
      [],
    );
  });

  it("knows each of its reasons, and no other text", () => {
    for (const [gate, { codes }] of Object.entries(gates))
      for (const code of Object.keys(codes)) assert.ok(isKnownReason({ gate, code }), `${gate} ${code}`);
    assert.ok(isKnownReason({ gate: "alerts", code: "timeout" }));
    const unknown = [
      ["alerts", "halted"],
      ["lock", "timeout"],
      ["no gate", "active"],
      ["toString", "active"],
      ["alerts", "toString"],
    ];
    for (const [gate = "", code = ""] of unknown)
      assert.ok(!isKnownReason({ gate, code }), `${gate} ${code}`);
  });

  it("tells a reason of a stored record by its gate and code", () => {
    const stored = { gate: "lock", code: "halted" };
    assert.ok(isReason(stored, "lock"));
    assert.ok(isReason(stored, "lock", "lock-manual", "halted"));
    assert.ok(!isReason(stored, "lock", "lock-manual"));
    assert.ok(!isReason({ gate: "rest", code: "of another version" }, "lock"));
  });
});
