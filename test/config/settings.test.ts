import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import type { Option } from "../../daemon/config/option.ts";
import { deadOptions } from "../../daemon/config/options/notify.ts";
import { type OptionName, options, parseSettings, type RawOptions } from "../../daemon/config/settings.ts";
import { everyRow } from "../rows.ts";
import { others, prometheus, tls, url } from "./other-values.ts";

const settingsOf = (raw: RawOptions) => parseSettings({ "node-id": "n1", ...raw });

/** The same options with this one as it is by default. */
function without(name: OptionName, row: RawOptions): RawOptions {
  if (name in tls) return tls;
  const { [name]: _, ...rest } = row;
  return rest;
}

/** Names of all properties, also of objects in it. */
function namesIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => [name, ...namesIn(inner)]);
}

describe("The help of an option", () => {
  it("is a phrase with a capital letter and without a full stop", () =>
    everyRow(
      Object.entries<Option<unknown>>(options).map(([name, option]) => [`--${name}`, option] as const),
      ({ help, placeholder }) => {
        assert.ok(help.length > 10);
        assert.match(help, /^[A-Z].*[^.]$/);
        assert.match(placeholder, /./);
      },
    ));
});

describe("The settings", () => {
  it("hold what each option says", () =>
    everyRow(
      (Object.keys(options) as OptionName[])
        .filter((name) => !deadOptions.some((dead) => dead === name))
        .map((name) => [`--${name}`, name, others[name]] as const),
      (name, other) => {
        const row = typeof other === "string" ? { [name]: other } : other;
        assert.notDeepEqual(settingsOf(row), settingsOf(without(name, row)), "nothing reads the option");
      },
    ));

  it("hold the certificate and the key of the metrics as a pair", () => {
    const { files } = settingsOf({
      "metrics-tls-cert-file": "/tls",
      "metrics-tls-key-file": "/other",
    }).report;
    assert.deepEqual(files, { pair: { cert: "/tls", key: "/other" }, token: undefined });
  });

  it("hold nothing that the daemon does not read", () => {
    const files = globSync("daemon/**/*.ts", {
      exclude: ["daemon/config/options/**", "daemon/config/settings.ts"],
    });
    const words = new Set(files.flatMap((file) => readFileSync(file, "utf8").match(/\w+/g) ?? []));
    const silencing = { "alertmanager-url": url, "silence-matchers": 'node="{node}"' };
    const { labels, alerts, silences, ...rest } = settingsOf({ ...prometheus, ...silencing });
    const names = namesIn({ ...rest, ...labels, ...alerts, ...silences });
    assert.ok(names.length > 60);
    assert.deepEqual(
      names.filter((name) => !words.has(name)),
      [],
    );
  });
});
