/** The page of the chart's values, from their schema. */
import type { JsonSchema } from "../../../daemon/config/schema.ts";
import { valuesSchema } from "../../../manifests/helm/schema.ts";

const intro = `# Values of the chart

<!-- npm run docs writes this page from manifests/chart/values.yaml and daemon/config/options. -->

[Install with Helm](../guide/helm.md) shows how to use them. Helm checks each of them against \`values.schema.json\`: a value
that does not exist, or is not of the form that it must be, ends the command before anything is changed.
`;

const introOfOptions = `
## Options of the daemon

Each is a key of \`configuration\`, and by its name on the command line without the dashes a key of \`extraArgs\`.
[Options](options.md) has what each means. \`null\`, an empty text and an empty list count as not set; \`0\` and \`false\` are
values like others. An option that may be repeated takes a list, or one value.

| value | option | default |
|---|---|---|
`;

/** The text of docs/reference/chart-values.md. */
export function chartValuesPage(): string {
  const { properties = {} } = valuesSchema();
  const { configuration, extraArgs: _, ...others } = properties;
  const options = Object.entries(configuration?.properties ?? {});
  const rows = rowsOf(others, "");
  const isOption = ([, schema]: [string, JsonSchema]) => schema["title"] !== undefined;
  return [
    intro,
    "\n| value | default | meaning |\n|---|---|---|\n",
    ...rows,
    ...options.filter((one) => !isOption(one)).map(([key, schema]) => rowOf(`configuration.${key}`, schema)),
    introOfOptions,
    ...options.filter(isOption).map(optionRow),
  ].join("");
}

function rowsOf(properties: Readonly<Record<string, JsonSchema>>, above: string): string[] {
  return Object.entries(properties).flatMap(([name, schema]) =>
    schema["description"] === undefined && schema.properties !== undefined
      ? rowsOf(schema.properties, `${above}${name}.`)
      : [rowOf(`${above}${name}`, schema)],
  );
}

function rowOf(name: string, schema: JsonSchema): string {
  const { default: usual, description } = schema;
  return `| \`${name}\` | ${defaultText(usual)} | ${description} |\n`;
}

function optionRow([key, schema]: [string, JsonSchema]): string {
  return `| \`configuration.${key}\` | \`${schema["title"]}\` | ${defaultText(schema["default"])} |\n`;
}

/** Empty values are none. */
function defaultText(usual: unknown): string {
  const isEmpty =
    usual === undefined || usual === null || usual === "" || /^(\{\}|\[\])$/.test(JSON.stringify(usual));
  return isEmpty ? "" : `\`${typeof usual === "string" ? usual : JSON.stringify(usual)}\``;
}
