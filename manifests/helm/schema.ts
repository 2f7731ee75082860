/** The JSON Schema of the chart's values: from the table of the options, and from values.yaml with the types of `valueTypes`. */
import { readFileSync } from "node:fs";
import { isMap, isScalar, type Pair, parseDocument, type YAMLMap } from "yaml";
import { type Form, forms } from "../../daemon/config/form.ts";
import { keyOfOption } from "../../daemon/config/keys.ts";
import type { Option } from "../../daemon/config/option.ts";
import { configFileOptions } from "../../daemon/config/options/config-file.ts";
import { type JsonSchema, optionsSchema } from "../../daemon/config/schema.ts";
import { type OptionName, options } from "../../daemon/config/settings.ts";
import { valueTypes } from "./value-types.ts";

/** Values of kured's chart that are no options of rebootd, and have no effect. */
const withoutEffect: Readonly<Record<string, JsonSchema>> = {
  useRebootSentinelHostPath: {
    type: ["boolean", "null"],
    description: "As in kured's chart; without effect: the folder of the sentinel is always mounted",
  },
};

/** The same at the top. */
const deadValues: Readonly<Record<string, JsonSchema>> = {
  podSecurityPolicy: {
    type: ["object", "null"],
    properties: { create: { type: "boolean" } },
    additionalProperties: false,
    description: "As in kured's chart; without effect: Kubernetes 1.25 has no pod security policies",
  },
  global: { type: ["object", "null"], description: "Values of a chart that this one is a part of; not read" },
};

const words = optionsSchema().properties ?? {};
const all = Object.entries<Option<unknown>>(options) as [OptionName, Option<unknown>][];

/** The option that names a configuration file, which is in no such file. */
const config: JsonSchema = {
  title: "--config",
  description: configFileOptions.config.help,
  ...valueSchema((forms.get(configFileOptions.config.type)?.form ?? { text: {} }) as Form),
};

/** JSON Schema, draft 2020-12, with which Helm checks the values. Throws where values.yaml has a value without a type. */
export function valuesSchema(): JsonSchema {
  const document = parseDocument(readFileSync(new URL("../chart/values.yaml", import.meta.url), "utf8"));
  if (!isMap(document.contents)) throw new Error("manifests/chart/values.yaml is no map");
  const properties = propertiesOf(document.contents, []);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Values of the chart of rebootd",
    type: "object",
    properties: { ...properties, ...deadValues },
    additionalProperties: false,
  };
}

function propertiesOf(map: YAMLMap, above: readonly string[]): Record<string, JsonSchema> {
  const properties: Record<string, JsonSchema> = {};
  for (const [at, { key, value }] of (map.items as Pair[]).entries()) {
    if (!isScalar(key)) continue;
    // The parser has the comment of the first key at the map.
    const comment = key.commentBefore ?? (at === 0 ? map.commentBefore : undefined) ?? "";
    const description = descriptionIn(comment);
    const name = String(key.value);
    properties[name] = {
      ...(description && { description }),
      ...schemaOf([...above, name], value, description !== ""),
    };
  }
  return properties;
}

function schemaOf(path: readonly string[], value: unknown, isDescribed: boolean): JsonSchema {
  const name = path.join(".");
  if (name === "configuration") return configuration();
  if (name === "extraArgs") return extraArgs();
  const type = valueTypes[name];
  const given = isMap(value) || isScalar(value) ? value.toJSON() : [];
  if (type !== undefined) return { ...type, default: given };
  if (!isMap(value) || isDescribed) {
    throw new Error(`manifests/chart/values.yaml: ${name} has no type in manifests/helm/value-types.ts`);
  }
  return {
    type: "object",
    properties: propertiesOf(value, path),
    additionalProperties: false,
  };
}

/** The text behind "--", in the form of helm-docs. */
function descriptionIn(comment: string): string {
  return /^ ?-- (.*)$/m.exec(comment)?.[1] ?? "";
}

function configuration(): JsonSchema {
  const properties = Object.fromEntries(
    all.map(([name, option]) => [keyOfOption(name), optionSchema(name, option)]),
  );
  return {
    type: ["object", "null"],
    properties: { config, ...properties, ...withoutEffect },
    additionalProperties: false,
  };
}

/** A flag may be without a value, which is true. */
function extraArgs(): JsonSchema {
  const properties = all.map(([name]) => [
    name,
    { $ref: `#/properties/configuration/properties/${keyOfOption(name)}` },
  ]);
  return {
    type: ["object", "null"],
    properties: { config, ...Object.fromEntries(properties) },
    additionalProperties: false,
  };
}

/**
 * One schema with several types, and not one of several schemas: then the message of Helm names the value and what
 * it must be. A number or a boolean may be a text as well, as in values files of kured's chart, where an empty text is
 * not given.
 */
function optionSchema(name: OptionName, option: Option<unknown>): JsonSchema {
  const { title, description, default: usual, writeOnly } = words[keyOfOption(name)] ?? {};
  const one = valueSchema((forms.get(option.type)?.form ?? { text: {} }) as Form);
  const many = { ...one, type: ["array", ...(one["type"] as string[])], items: one };
  return {
    title,
    description,
    ...(usual !== undefined && { default: usual }),
    ...(writeOnly === true && { writeOnly }),
    ...(option.repeat ? many : one),
  };
}

function valueSchema({ boolean, integer, choices, text }: Form): JsonSchema {
  const isSwitch = boolean || choices?.includes("on");
  const patterns = [
    ...(boolean ? ["true|false"] : []),
    ...(integer ? ["-?\\d+"] : []),
    ...(choices ? [choices.join("|")] : []),
  ].map((pattern) => `^(?:${pattern})$`);
  if (text?.pattern) patterns.push(text.pattern.source);
  const types = [...(isSwitch ? ["boolean"] : []), ...(integer ? ["integer"] : []), "string", "null"];
  const isAnyText = text !== undefined && text.pattern === undefined;
  return {
    type: types,
    ...(integer && { minimum: integer.min, maximum: integer.max }),
    ...(!isAnyText && { pattern: ["^$", ...patterns].join("|") }),
    ...(text?.lengthMax !== undefined && { maxLength: text.lengthMax }),
  };
}
