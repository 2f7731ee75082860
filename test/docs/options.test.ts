import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { loadAllYaml } from "@kubernetes/client-node";
import { checkFile } from "../../daemon/config/file/check-file.ts";
import { nothingTyped } from "../../daemon/config/given.ts";
import { optionOfKey } from "../../daemon/config/keys.ts";
import { configFileOptions } from "../../daemon/config/options/config-file.ts";
import { type OptionName, options, parseSettings } from "../../daemon/config/settings.ts";
import { valuesSchema } from "../../manifests/helm/schema.ts";
import { faultsOfValues } from "../chart/validate.ts";
import { givenOptionsIn, rawOf } from "./options.ts";
import { blocksIn, readPages, root } from "./pages.ts";

const pages = readPages();

/** What an option needs besides, where a code span has it alone. */
const company: Readonly<Partial<Record<OptionName, Readonly<Record<string, string>>>>> = {
  "alert-matchers": { "prometheus-url": "http://prometheus" },
  "alerts-max-age": { "prometheus-url": "http://prometheus" },
  "block-on-query": { "prometheus-url": "http://prometheus" },
};

function faultOf(words: readonly string[]): string | undefined {
  try {
    const given = Object.entries(rawOf(words)).filter(([name]) => !Object.hasOwn(configFileOptions, name));
    const raw = Object.fromEntries(given);
    const names = Object.keys(raw);
    const unknown = names.find((name) => !Object.hasOwn(options, name));
    if (unknown !== undefined) return `unknown option --${unknown}`;
    const besides = Object.assign({}, ...names.map((name) => company[name as OptionName] ?? {}));
    parseSettings({ "node-id": "n1", ...besides, ...raw });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

describe("Options in the documentation", () => {
  it("are valid, alone or with those beside them", () => {
    const given = pages.flatMap(givenOptionsIn);
    assert.ok(given.length > 30, `${given.length}`);
    const faults = given.flatMap(({ place, words }) => {
      const fault = faultOf(words);
      return fault === undefined ? [] : [`${place}: ${fault}`];
    });
    assert.deepEqual(faults, []);
  });

  it("are found in lines, in YAML and in code spans", () => {
    const text = [
      "`--os=rhel`, `--os`, `--node-id=NODE`, `--window='0 1 * * * for 4h'`",
      "```",
      "--concurrency=2 # two",
      "--window='0 2 * * sat for 4h'",
      "```",
      "```yaml",
      "patches:",
      "  - patch: |-",
      "      - {op: add, path: /args/-, value: --os=suse}",
      "      - {name: REBOOTD_LOCK_TTL, value: 1h}",
      "```",
    ].join("\n");
    assert.deepEqual(
      givenOptionsIn({ file: "a.md", text }).map(({ words }) => words),
      [
        ["--concurrency=2", "--window=0 2 * * sat for 4h"],
        ["--os=suse", "--lock-ttl=1h"],
        ["--os=rhel"],
        ["--window=0 1 * * * for 4h"],
      ],
    );
  });

  it("are at fault if they are unknown, invalid or contradict each other", () => {
    assert.match(faultOf(["--oss=rhel"]) ?? "", /unknown option --oss/);
    assert.match(faultOf(["--os=linux"]) ?? "", /--os/);
    assert.match(faultOf(["--max-per-pool=1"]) ?? "", /--pool-label/);
  });
});

describe("YAML in the documentation", () => {
  const blocks = pages.flatMap(blocksIn).filter(({ language }) => language === "yaml");

  it("can be read, and names folders of the manifests that exist", () => {
    const faults = blocks.flatMap(({ file, line, text }) => {
      const place = `${file}:${line}`;
      try {
        const documents = loadAllYaml(text) as ({ resources?: string[]; components?: string[] } | null)[];
        const folders = documents.flatMap((one) => [...(one?.resources ?? []), ...(one?.components ?? [])]);
        return folders
          .filter((folder) => folder.startsWith("manifests/") && !existsSync(`${root}${folder}`))
          .map((folder) => `${place}: there is no ${folder}`);
      } catch (error) {
        return [`${place}: ${(error as Error).message}`];
      }
    });
    assert.ok(blocks.length > 10);
    assert.deepEqual(faults, []);
  });

  it("is valid where it has values of the chart", () => {
    const known = new Set(Object.keys(valuesSchema()["properties"] as object));
    const values = blocks
      .filter(({ text }) => !text.includes("manifests/"))
      .map((block) => ({ ...block, read: loadAllYaml(block.text)[0] as object }))
      .filter(({ read }) => read instanceof Object && Object.keys(read).every((key) => known.has(key)));
    assert.ok(values.length > 0);
    const faults = values.flatMap(({ file, line, read }) =>
      faultsOfValues(read).map((fault) => `${file}:${line}: ${fault}`),
    );
    assert.deepEqual(faults, []);
  });

  it("is valid where it is a configuration file", () => {
    const files = blocks.filter(({ text }) => optionOfKey(/^\w+/.exec(text)?.[0] ?? "") !== undefined);
    assert.ok(files.length > 0);
    const problems = files.flatMap(
      ({ file, line, text }) => checkFile(`${file}:${line}`, text, nothingTyped).problems,
    );
    assert.deepEqual(problems, []);
  });
});
