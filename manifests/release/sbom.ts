/**
 * The list of the packages in the bundle, in the format of CycloneDX 1.5 (https://cyclonedx.org/docs/1.5/json). It is
 * that of `npm sbom`, which knows all packages that are installed and not those that are bundled. Pure.
 */
import { createHash } from "node:crypto";
import type { Fault } from "./fault.ts";
import { type BundledPackage, faultsOfNames } from "./licences.ts";

interface Component extends BundledPackage {
  "bom-ref": string;
  scope?: string;
  properties?: { name: string; value: string }[];
}

/** The fields of `npm sbom --sbom-format cyclonedx` that are read here; all others are kept. */
export interface Sbom {
  serialNumber: string;
  metadata: { timestamp: string; component: Component };
  components: Component[];
  dependencies: { ref: string; dependsOn?: string[] }[];
}

/**
 * Takes the bundled packages out of the list of all. The same commit has the same list, with the time of the commit in
 * milliseconds since 1970.
 */
export function sbomOfBundle(
  installed: Sbom,
  bundled: readonly BundledPackage[],
  program: BundledPackage,
  atMs: number,
): Sbom {
  const isBundled = ({ name, version }: Component) =>
    bundled.some((one) => one.name === name && one.version === version);
  const components = installed.components.filter(isBundled).map(asBundled);
  const ownRef = installed.metadata.component["bom-ref"];
  const refs = new Set([ownRef, ...components.map((component) => component["bom-ref"])]);
  const dependencies = installed.dependencies
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) }));
  // npm names it after the folder.
  const component = { ...installed.metadata.component, ...program, type: "application" };
  const metadata = { ...installed.metadata, timestamp: new Date(atMs).toISOString(), component };
  const listed = { ...installed, metadata, components, dependencies };
  return { ...listed, serialNumber: serialNumberOf(listed) };
}

/** An optional or a development dependency, too, is needed once it is in the bundle. */
function asBundled(component: Component): Component {
  const properties = component.properties?.filter(({ name }) => name !== "cdx:npm:package:development");
  return { ...component, scope: "required", ...(properties && { properties }) };
}

/** A UUID from the contents, of version 8 (https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-8). */
function serialNumberOf(listed: Sbom): string {
  const digits = createHash("sha256")
    .update(JSON.stringify({ ...listed, serialNumber: "" }))
    .digest("hex");
  const [a, b, c, d, e] = [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `8${digits.slice(13, 16)}`,
    `8${digits.slice(17, 20)}`,
    digits.slice(20, 32),
  ];
  return `urn:uuid:${a}-${b}-${c}-${d}-${e}`;
}

/** Checks the list by the schema of its format, and that it names each bundled package and no other. */
export function checkSbom(
  sbom: Sbom,
  bundled: readonly BundledPackage[],
  faultsOfSchema: (sbom: unknown) => string[],
): Fault[] {
  const remedy = "see manifests/release/sbom.ts; the format of npm sbom may have changed with npm";
  return [
    ...faultsOfSchema(sbom).map((fault) => ({ fault: `the SBOM is no valid CycloneDX: ${fault}`, remedy })),
    ...faultsOfNames("the SBOM", sbom.components, bundled),
  ];
}
