import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Option } from "../daemon/config/option.ts";
import { options } from "../daemon/config/settings.ts";
import { phases } from "../daemon/cycle/record.ts";
import { metricTable } from "../daemon/report/metrics.ts";
import { everyRow } from "./rows.ts";
import { nodeFlags } from "./world/rebootd.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

const dockerfile = readFileSync(new URL("../Dockerfile", import.meta.url), "utf8");

describe("The image", () => {
  it("runs node with the flags that the daemons of the tests and the benches have", () => {
    const entrypoint = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(dockerfile)?.[1] ?? "[]");
    assert.deepEqual(entrypoint, ["/usr/local/bin/node", ...nodeFlags, "/rebootd.mjs"]);
  });
});

/** The table of options: other tables have rows that begin alike. */
const [, optionSection = ""] = /^## Options$(.*?)^## /ms.exec(readme) ?? [];

describe("The README", () => {
  it("lists every option with its default and its help", () =>
    everyRow(
      Object.entries<Option<unknown>>(options).map(([name, option]) => [name, name, option] as const),
      (name, option) => {
        const value = option.required ? "required" : option.default ? `\`${option.default}\`` : "";
        assert.ok(optionSection.includes(`\n| \`--${name}\` | ${value} | ${option.help} |`));
      },
    ));

  it("lists every metric with its labels and its help, and no other", () => {
    const rows = readme.split("\n").filter((line) => line.startsWith("| `rebootd_"));
    const own = Object.values(metricTable).map(({ name, help, labels }) => {
      const names = labels.length > 0 ? `{${labels.join(",")}}` : "";
      return `| \`${name}${names}\` | ${help}`;
    });
    assert.deepEqual(
      rows.map((row, index) => row.slice(0, own[index]?.length)),
      own,
    );
  });

  it("explains every phase", () => {
    assert.deepEqual(
      phases.filter((phase) => !readme.includes(`\n| ${phase} | `)),
      [],
    );
  });
});
