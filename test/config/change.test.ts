import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { changeTo, restartOptions } from "../../daemon/config/change.ts";
import { checkFile } from "../../daemon/config/file/check-file.ts";
import { forms } from "../../daemon/config/form.ts";
import { type Given, nothingTyped } from "../../daemon/config/given.ts";
import { keyOfOption } from "../../daemon/config/keys.ts";
import { deadOptions } from "../../daemon/config/options/notify.ts";
import { type OptionName, options, parseSettings, type RawOptions } from "../../daemon/config/settings.ts";
import { everyRow } from "../rows.ts";
import { others } from "./other-values.ts";

const names = Object.keys(options) as OptionName[];

/** The options as lines of a file. JSON is YAML. */
function lines(raw: RawOptions): string {
  const written = (name: OptionName, text: unknown): unknown => {
    const { boolean, integer } = forms.get(options[name].type as never)?.form ?? {};
    if (boolean) return text === "true";
    return integer && /^-?\d+$/.test(String(text)) ? Number(text) : text;
  };
  const file = Object.entries(raw).map(([name, given]) => [
    keyOfOption(name as OptionName),
    Array.isArray(given)
      ? given.map((one) => written(name as OptionName, one))
      : written(name as OptionName, given),
  ]);
  return JSON.stringify(Object.fromEntries(file));
}

function givenOf(raw: RawOptions): Given {
  const { given, problems } = checkFile("config.yaml", lines({ "node-id": "n1", ...raw }), nothingTyped);
  assert.deepEqual(problems, []);
  return given;
}

const rowOf = (name: OptionName): RawOptions => {
  const other = others[name];
  return typeof other === "string" ? { [name]: other } : other;
};

/** The same options with this one as it is by default; both of a pair go. */
function without(name: OptionName): RawOptions {
  const { [name]: _, ...rest } = rowOf(name);
  return name.startsWith("metrics-tls-") ? {} : rest;
}

describe("An option that changes in the configuration file", () => {
  const reloaded = names.filter((name) => !restartOptions.includes(name));

  it("counts at once, for each option of which nothing else is said", () =>
    everyRow(
      reloaded.map((name) => [name, name] as const),
      (name) => {
        const has = givenOf(without(name));
        const next = givenOf(rowOf(name));
        const { raw, changed, kept } = changeTo(has.raw, next.raw);
        assert.deepEqual([changed, kept], [[keyOfOption(name)], []]);
        assert.deepEqual(raw, next.raw);
        if (!deadOptions.some((dead) => dead === name))
          assert.notDeepEqual(parseSettings(raw), parseSettings(has.raw));
      },
    ));

  it("counts from the next start, for each option of the node, the cluster, the lock's place and the port", () =>
    everyRow(
      restartOptions.map((name) => [name, name] as const),
      (name) => {
        const has = givenOf(without(name));
        const next = givenOf({ ...rowOf(name), concurrency: "7" });
        const { raw, changed, kept } = changeTo(has.raw, next.raw);
        assert.ok(kept.includes(keyOfOption(name)), `${kept}`);
        assert.deepEqual(changed, ["concurrency"]);
        assert.deepEqual(parseSettings(raw), parseSettings({ ...has.raw, concurrency: "7" }));
      },
    ));

  it("counts from the next start also where it is taken away", () => {
    const { raw, changed, kept } = changeTo({ namespace: "ops", concurrency: "2" }, {});
    assert.deepEqual([raw, changed, kept], [{ namespace: "ops" }, ["concurrency"], ["namespace"]]);
  });

  it("is no change where the value is the default, or one value stands for a list of it", () => {
    const { changed, kept } = changeTo(
      { window: "@daily for 1h" },
      { window: ["@daily for 1h"], period: "1h" },
    );
    assert.deepEqual([changed, kept], [[], []]);
  });

  it("counts from the next start where docs/guide/configuration.md says so", () => {
    const page = readFileSync("docs/guide/configuration.md", "utf8");
    const [, listed = ""] = /<!-- restart -->(.*)<!-- \/restart -->/s.exec(page) ?? [];
    const found = [...listed.matchAll(/`--([a-z-]+)`/g)].map(([, name]) => name);
    assert.deepEqual(found, restartOptions);
  });

  it("is held back only if no rule joins it with an option that is not", () => {
    const linked = names.flatMap((name) => {
      const other = others[name];
      const row = typeof other === "string" ? [name] : (Object.keys(other) as OptionName[]);
      const held = row.filter((one) => restartOptions.includes(one));
      return held.length > 0 && held.length < row.length ? [row.join(", ")] : [];
    });
    assert.deepEqual(linked, []);
  });
});
