import { readFileSync } from "node:fs";
import { Ajv } from "ajv";

/** Validates by the schema of CycloneDX 1.5; returns a sentence for each fault. */
export function loadCycloneDxSchema(): (sbom: unknown) => string[] {
  const folder = new URL("res/schema/", import.meta.resolve("@cyclonedx/cyclonedx-library/package.json"));
  const schemaOf = (name: string) =>
    JSON.parse(readFileSync(new URL(`${name}.SNAPSHOT.schema.json`, folder), "utf8"));
  // Formats of texts, such as "idn-email", would need a package more.
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  for (const name of ["spdx", "jsf-0.82"]) {
    ajv.addSchema(schemaOf(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
  }
  const validate = ajv.compile(schemaOf("bom-1.5"));
  return (sbom) =>
    validate(sbom)
      ? []
      : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath || "/"} ${message}`);
}
