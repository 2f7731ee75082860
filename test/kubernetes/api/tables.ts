/** Tables, as `kubectl get` asks for them: columns and rows of each resource. */

import type { Column } from "./column.ts";
import { columnsOf } from "./columns.ts";
import { apiVersionOf, partialJson, wholeJson } from "./forms.ts";
import type { KubeObject } from "./object.ts";
import type { Resource } from "./resource.ts";

export function rowJson(resource: Resource, object: KubeObject, includeObject: string, now: number): string {
  const cells = columnsOf(resource).map((column) => column.cell(object, now));
  if (includeObject === "None") return JSON.stringify({ cells });
  const shown = includeObject === "Object" ? wholeJson(resource, object) : partialJson(resource, object);
  return `{"cells":${JSON.stringify(cells)},"object":${shown}}`;
}

export function tableJson(
  resource: Resource,
  rows: string[],
  metadata: object,
  withColumns: boolean,
): string {
  const columns = withColumns ? columnsOf(resource).map(definition(resource)) : null;
  const head = { kind: "Table", apiVersion: "meta.k8s.io/v1", metadata, columnDefinitions: columns };
  return `${JSON.stringify(head).slice(0, -1)},"rows":[${rows.join(",")}]}`;
}

const definition =
  (resource: Resource) =>
  ({ name, type = "string", format = "", priority = 0 }: Column) => ({
    name,
    type,
    format,
    description: `${name} of the ${resource.kind} (${apiVersionOf(resource)})`,
    priority,
  });
