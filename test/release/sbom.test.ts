import assert from "node:assert/strict";
import { readBundledPackages } from "../../manifests/release/bundled-packages.ts";
import { loadCycloneDxSchema } from "../../manifests/release/cyclonedx-schema.ts";
import type { BundledPackage } from "../../manifests/release/licences.ts";
import { readSbom } from "../../manifests/release/read-sbom.ts";
import { checkSbom, type Sbom } from "../../manifests/release/sbom.ts";
import { everyRow } from "../rows.ts";

const program = { name: "rebootd", version: "1.2.3" };
const atMs = Date.parse("2026-11-29T12:00:00Z");

describe("The list of bundled packages (SBOM)", function () {
  this.timeout(30_000);
  const faultsOfSchema = loadCycloneDxSchema();
  let bundled: BundledPackage[];
  let sbom: Sbom;
  before(async () => {
    bundled = await readBundledPackages();
    sbom = await readSbom(bundled, program, atMs);
  });
  const nameOf = ({ name, version }: BundledPackage) => `${name} ${version}`;

  it("is valid, and names each package of the bundle and no other", () => {
    assert.deepEqual(checkSbom(sbom, bundled, faultsOfSchema), []);
    assert.deepEqual(sbom.components.map(nameOf).sort(), bundled.map(nameOf).sort());
  });

  it("is of the program and of the time of the commit, and the same each time", async () => {
    const { component, timestamp } = sbom.metadata;
    assert.deepEqual(
      [component.name, component.version, timestamp],
      ["rebootd", "1.2.3", "2026-11-29T12:00:00.000Z"],
    );
    assert.match(
      sbom.serialNumber,
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    assert.deepEqual(await readSbom(bundled, program, atMs), sbom);
    assert.notEqual((await readSbom(bundled, program, atMs + 1000)).serialNumber, sbom.serialNumber);
  });

  it("has what is bundled although only a development dependency brings it, as needed", () => {
    const found = sbom.components.find(({ name }) => name === "supports-color");
    assert.equal(found?.scope, "required");
    assert.doesNotMatch(JSON.stringify(sbom), /npm:package:development/);
  });

  it("says which package needs which, without those that are not bundled", () => {
    const refs = new Set([sbom.metadata.component, ...sbom.components].map((one) => one["bom-ref"]));
    const named = sbom.dependencies.flatMap(({ ref, dependsOn = [] }) => [ref, ...dependsOn]);
    assert.ok(named.length > 50);
    assert.deepEqual(
      named.filter((ref) => !refs.has(ref)),
      [],
    );
  });

  it("is refused where it is not valid, or not that of the bundle", () =>
    everyRow(
      [
        [
          "a field of another type",
          { ...sbom, version: "1" },
          [/no valid CycloneDX: \/version must be integer/],
        ],
        ["a field that there is not", { ...sbom, packages: [] }, [/must NOT have additional properties/]],
        [
          "one less",
          { ...sbom, components: sbom.components.slice(1) },
          [/the SBOM lacks \S+ \S+, which is in the bundle/],
        ],
        [
          "one more",
          {
            ...sbom,
            components: [...sbom.components, { "bom-ref": "x@1", type: "library", name: "x", version: "1" }],
          },
          [/the SBOM has x 1, which is not in the bundle/],
        ],
      ] as [string, Sbom, RegExp[]][],
      (planted, patterns) => {
        const faults = checkSbom(planted, bundled, faultsOfSchema);
        assert.equal(faults.length, patterns.length, JSON.stringify(faults));
        for (const [index, pattern] of patterns.entries()) assert.match(faults[index]?.fault ?? "", pattern);
      },
    ));
});
