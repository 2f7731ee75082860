import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { forms } from "../../daemon/config/form.ts";
import { keyOfOption, keys } from "../../daemon/config/keys.ts";
import type { Option } from "../../daemon/config/option.ts";
import { type OptionName, options } from "../../daemon/config/settings.ts";
import { flagNames } from "../../daemon/kured/flags.ts";
import { chartFiles } from "../../manifests/helm/files.ts";
import { valuesSchema } from "../../manifests/helm/schema.ts";
import { typeMigrate } from "../cli/migrate/typed-migrate.ts";
import { everyRow } from "../rows.ts";
import { mistakes } from "./mistakes.ts";
import { faultsOfValues } from "./validate.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), "utf8");
const table = Object.entries<Option<unknown>>(options) as [OptionName, Option<unknown>][];
const helpers = read("manifests/chart/templates/_options.tpl");

describe("The files of the chart", () => {
  it("are those that the manifests and the options give; else run npm run chart", () =>
    everyRow(
      Object.entries(chartFiles()).map(([path, content]) => [path, path, content] as const),
      (path, content) => assert.equal(read(path), content),
    ));

  it("have the version of the daemon", () => {
    const { version } = JSON.parse(read("package.json"));
    const chart = parse(read("manifests/chart/Chart.yaml"));
    assert.deepEqual([chart.version, chart.appVersion], [version, version]);
    const [image] = parse(chart.annotations["artifacthub.io/images"]);
    assert.equal(image.image, `rebootd:${version}`);
  });
});

describe("The schema of the chart's values", () => {
  const { configuration, extraArgs } = valuesSchema().properties ?? {};

  it("has each option in configuration and in extraArgs", () => {
    const inConfiguration = Object.keys(configuration?.properties ?? {});
    assert.deepEqual(
      keys.filter((key) => !inConfiguration.includes(key)),
      [],
    );
    assert.deepEqual(Object.keys(extraArgs?.properties ?? {}), ["config", ...table.map(([name]) => name)]);
  });

  it("takes the default of each option, as it is and as a text", () =>
    everyRow(
      table
        .filter(([, option]) => option.default !== undefined)
        .map(([name, option]) => [name, name, option] as const),
      (name, { default: usual = "" }) => {
        const key = keyOfOption(name);
        for (const value of [usual, "", null, configuration?.properties?.[key]?.["default"]]) {
          assert.deepEqual(faultsOfValues({ configuration: { [key]: value } }), []);
        }
      },
    ));

  it("takes the files of test/chart/values, and the values of the chart", () => {
    const folder = new URL("values/", import.meta.url);
    const files = readdirSync(folder).map(
      (name) => [name, readFileSync(new URL(name, folder), "utf8")] as const,
    );
    assert.ok(files.length >= 12);
    return everyRow([...files, ["values.yaml", read("manifests/chart/values.yaml")] as const], (text) =>
      assert.deepEqual(
        faultsOfValues(
          parse(text, {
            version: "1.1",
            customTags: (tags) =>
              tags.filter((tag) => !(typeof tag === "object" && tag.tag.endsWith(":timestamp"))),
          }),
        ),
        [],
      ),
    );
  });

  it("takes the values that rebootd migrate prints", () =>
    everyRow(
      [
        "manifests/kured-ds.yaml",
        "manifests/kured-ds-signal.yaml",
        "values/usual.yaml",
        "values/busy.yaml",
        "values/command.yaml",
      ].map((file) => [file, file] as const),
      async (file) => {
        const { out } = await typeMigrate(["-f", file, "-o", "json"]);
        const { values } = JSON.parse(out);
        assert.deepEqual(values.kured.lock, true);
        assert.deepEqual(faultsOfValues(values), []);
      },
    ));

  it("takes values of kured's chart, and refuses what is none of its", () => {
    const faults = ["usual", "busy"].map((name) =>
      faultsOfValues(parse(read(`test/kured/values/${name}.yaml`))),
    );
    // busy.yaml has rebootComand.
    assert.deepEqual(faults, [[], ["/configuration: must NOT have additional properties"]]);
  });

  it("has each flag of kured in extraArgs", () => {
    const known = Object.keys(extraArgs?.properties ?? {});
    const flags: readonly string[] = flagNames;
    assert.ok(flags.length > 40);
    assert.deepEqual(
      flags.filter((flag) => !known.includes(flag)),
      [],
    );
  });

  it("refuses each mistake", () => {
    assert.ok(mistakes.length >= 15);
    return everyRow(
      mistakes.map(({ name, values }) => [name, values] as const),
      (values) => assert.notDeepEqual(faultsOfValues(values), []),
    );
  });
});

describe("The templates of the chart", () => {
  it("make the name of each option of its key", () =>
    everyRow(
      table.map(([name]) => [name, name] as const),
      (name) => {
        // The expression of the template.
        assert.match(helpers, /regexReplaceAll "\(\[A-Z\]\)" \$key "-\$\{1\}" \| lower/);
        assert.equal(
          keyOfOption(name)
            .replace(/([A-Z])/g, "-$1")
            .toLowerCase(),
          name,
        );
      },
    ));

  it("hide each option that is a secret", () => {
    const secrets = table.filter(([, { secret }]) => secret).map(([name]) => `"${name}"`);
    assert.ok(helpers.includes(`range list ${secrets.toSorted().join(" ")} -`), secrets.join(" "));
  });

  it("write on and off where an option takes these words", () => {
    const switches = table
      .filter(([, { type }]) => forms.get(type)?.form.choices?.includes("on"))
      .map(([name]) => `"${name}"`);
    assert.ok(helpers.includes(`(has .name (list ${switches.join(" ")}))`), switches.join(" "));
  });
});
