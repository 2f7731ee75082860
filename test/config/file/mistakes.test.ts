import assert from "node:assert/strict";
import { keyOfOption } from "../../../daemon/config/keys.ts";
import { environmentName } from "../../../daemon/config/option.ts";
import { type OptionName, options } from "../../../daemon/config/settings.ts";
import { everyRow } from "../../rows.ts";
import { mistakes } from "./mistakes.ts";
import { path, saysOf } from "./run-with.ts";

const rows = Object.entries(mistakes);

describe("A mistake in the configuration file or in the environment", () => {
  it("ends the daemon with 2 and one line: the place, the key, the value, and what is expected", () => {
    assert.ok(rows.length >= 60);
    return everyRow(rows, async (mistake) => {
      const { code, err } = await saysOf(mistake);
      assert.equal(err, `rebootd: ${mistake.says}\n`);
      assert.equal(code, 2);
    });
  });

  it("is found at a line and a column of the file, or by the name of the variable", () =>
    everyRow(
      rows.filter(([, { args }]) => args === undefined),
      ({ file, says }) => {
        const names = Object.keys(options) as OptionName[];
        if (file !== undefined) assert.match(says, new RegExp(`^${path}:\\d+:\\d+: `));
        else assert.ok(names.some((name) => says.includes(environmentName(name))));
      },
    ));

  it("is shown without secrets", () =>
    everyRow(
      rows.filter(([name]) => /secret|password/.test(name)),
      ({ says }) => assert.doesNotMatch(says.replace("begins with hunter2://", ""), /hunter2/),
    ));

  it("is named by the key of the file wherever it is in the file", () =>
    everyRow(
      (Object.keys(options) as OptionName[]).map((name) => [name, name] as const),
      async (name) => {
        const { err } = await saysOf({ file: [`${keyOfOption(name)}: { a: b }`] });
        assert.match(
          err,
          new RegExp(`^rebootd: ${path}:1:\\d+: invalid value for ${keyOfOption(name)}: must be `),
        );
      },
    ));
});
