/**
 * Expressions of the Common Expression Language about one object: https://kubernetes.io/docs/reference/using-api/cel/
 * Only a daemon with such an option has this file in its memory.
 */
import { Environment } from "@marcbachmann/cel-js";

/** Whether an object is healthy. Throws an Error where the expression cannot tell. */
export type Expression = (object: Readonly<Record<string, unknown>>) => boolean;

/** Far more than a person writes, and few enough to be read at once. */
const limits = {
  maxAstNodes: 1000,
  maxDepth: 50,
  maxListElements: 200,
  maxMapEntries: 200,
  maxCallArguments: 16,
};

/**
 * `self` is the object as in rules of a CustomResourceDefinition, `object` as in policies of admission. Its
 * fields are variables too, as in the health checks of Flux.
 */
const fields = ["metadata", "spec", "status", "data"] as const;
const variables = ["self", "object", ...fields];

const environment = new Environment({
  enableOptionalTypes: true,
  homogeneousAggregateLiterals: false,
  limits,
});
for (const name of variables) environment.registerVariable(name, "dyn");

/** Throws an Error that says why where the text is no expression, or certainly gives neither true nor false. */
export function compileExpression(text: string): Expression {
  const parsed = attempt(() => environment.parse(text));
  const { valid, type, error } = parsed.check();
  if (!valid) throw new Error(sentence(error));
  if (type !== "bool" && type !== "dyn") throw new Error(`it gives a value of the type ${type}, not a bool`);
  return (object) => {
    const self = asCel(object) as ReadonlyMap<string, unknown>;
    // A field that is not there is empty, so that `has(status.phase)` can be asked.
    const bound = fields.map((field) => [field, self.get(field) ?? new Map()] as const);
    const value: unknown = attempt(() => parsed({ self, object: self, ...Object.fromEntries(bound) }));
    if (typeof value !== "boolean") throw new Error("it gives neither true nor false");
    return value;
  };
}

/**
 * Whole numbers of JSON are integers in the language, as with objects that the API server reads without a
 * schema. A map has no keys but its own.
 */
function asCel(value: unknown): unknown {
  if (Number.isSafeInteger(value)) return BigInt(value as number);
  if (Array.isArray(value)) return value.map(asCel);
  if (typeof value !== "object" || value === null) return value;
  return new Map(Object.entries(value).map(([key, inner]) => [key, asCel(inner)]));
}

function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Error(sentence(error));
  }
}

/** The errors of the package have the whole expression in their message. */
function sentence(error: unknown): string {
  const { summary, message, range } = error as Error & { summary?: string; range?: { start: number } };
  const where = range === undefined ? "" : ` at character ${range.start + 1}`;
  return `${summary ?? message}${where}`;
}
