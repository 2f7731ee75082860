import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { conditionTable, conditionTypes, ownConditions } from "../../daemon/annotations/conditions.ts";

const root = new URL("../../", import.meta.url);
const page = readFileSync(new URL("docs/reference/conditions.md", root), "utf8");
const policy = readFileSync(new URL("manifests/base/admission.yaml", root), "utf8");

describe("The conditions of a Node", () => {
  it("are those in docs/reference/conditions.md", () => {
    const code = (texts: readonly string[]) => texts.map((text) => `\`${text}\``).join(", ");
    const rows = Object.entries(conditionTable).map(
      ([type, { about, reasons, otherwise }]) =>
        `| \`${type}\` | ${about} | ${code(reasons)} | \`${otherwise}\` |`,
    );
    assert.deepEqual(
      page.split("\n").filter((line) => line.startsWith("| `")),
      rows,
    );
  });

  it("are those that manifests/base/admission.yaml lets a daemon write", () => {
    const [, list = ""] = /- name: nodeConditions\n {6}expression: "\[(.*)\]"/.exec(policy) ?? [];
    assert.deepEqual(
      [...list.matchAll(/'([^']*)'/g)].map(([, type]) => type),
      conditionTypes,
    );
  });

  it("are told from those of others", () => {
    const ready = { type: "Ready", status: "True", reason: "KubeletReady", message: "" };
    const drained = { type: "Drained", status: "True", reason: "DrainCompleted", message: "so" };
    const { type: _, ...own } = drained;
    assert.deepEqual(ownConditions([ready, drained]), { Drained: own });
    assert.deepEqual(ownConditions(undefined), {});
  });
});
