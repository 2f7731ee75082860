import assert from "node:assert/strict";
import type { Migration } from "../../../daemon/cli/migrate/migration.ts";
import { faultsOfValues } from "../../chart/validate.ts";
import { assertGolden } from "../golden.ts";
import { typeMigrate } from "./typed-migrate.ts";

const inputs: [what: string, file: string][] = [
  ["kured's manifest", "manifests/kured-ds.yaml"],
  ["kured's manifest with the signal", "manifests/kured-ds-signal.yaml"],
  ["values as many clusters have them", "values/usual.yaml"],
  ["values with much of what the chart has", "values/busy.yaml"],
  ["values with commands, below the key kured", "values/command.yaml"],
];

describe("The report of rebootd migrate", () => {
  for (const [what, file] of inputs) {
    const name = file.replace(/^.*\/|\.yaml$/g, "");
    it(`is that of the golden file for ${what}`, async () => {
      const { code, out, err } = await typeMigrate(["-f", file], { columns: 120 });
      assert.deepEqual([code, err], [0, ""]);
      assertGolden(`migrate/${name}`, out);
    });

    it(`has all of it in JSON for ${what}, without a secret`, async () => {
      const { code, out } = await typeMigrate(["-f", file, "-o", "json"]);
      assert.equal(code, 0);
      assert.doesNotMatch(out, /secret@|hooks\.example/);
      assertGolden(`migrate/${name}-json`, out);
    });
  }

  it("fits a terminal of 80 cells, but for commands, files and options to copy", async () => {
    const { out } = await typeMigrate(["-f", "values/busy.yaml"], { columns: 80 });
    const [prose = ""] = out.split("\nkustomization.yaml\n");
    const long = prose.split("\n").filter((line) => line.length > 80);
    assert.deepEqual(
      long.filter((line) => !/^ +(?:kubectl|helm|rebootd|--)/.test(line)),
      [],
    );
  });
});

describe("The values of rebootd migrate for rebootd's chart", () => {
  for (const [what, file] of inputs) {
    it(`are valid, and name the lock on kured's DaemonSet, for ${what}`, async () => {
      const { out } = await typeMigrate(["-f", file, "-o", "json"]);
      const { values, kured } = JSON.parse(out) as Migration;
      assert.deepEqual(faultsOfValues(values), []);
      assert.deepEqual(values["kured"], { lock: true, name: kured.name, namespace: kured.namespace });
    });
  }

  it("would be refused with a wrong key", () => {
    assert.notDeepEqual(faultsOfValues({ configuration: { rebootDay: "mon" } }), []);
  });
});
