import { Ajv2020 } from "ajv/dist/2020.js";
import { valuesSchema } from "../../manifests/helm/schema.ts";

const accepts = new Ajv2020({ allErrors: true, unicodeRegExp: true, allowUnionTypes: true }).compile(
  valuesSchema(),
);

/** The faults of values of the chart, each as "path: rule"; none for valid ones. Helm has a validator of its own. */
export function faultsOfValues(values: unknown): string[] {
  if (accepts(values)) return [];
  return (accepts.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`);
}
