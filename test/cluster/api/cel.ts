/** Expressions of the Common Expression Language, over JSON: https://kubernetes.io/docs/reference/using-api/cel/ */
import { type CelInput, celEnv, parse, plan } from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";

export { isCelError } from "@bufbuild/cel";

export class CelSyntaxError extends Error {}

/** By name; `variables.x` may be the name of one. What is a getter is asked only if the expression needs it. */
export type Bindings = Record<string, CelInput>;

/** What it is in the language; an expression that goes wrong gives a CelError and throws nothing. */
type Evaluate = (bindings: Bindings) => ReturnType<ReturnType<typeof plan>>;

const env = celEnv({ funcs: strings });
const known = new Map<string, Evaluate>();
const knownMax = 1000;

/** Throws CelSyntaxError. */
export function compile(expression: string): Evaluate {
  const compiled = known.get(expression);
  if (compiled) return compiled;
  try {
    const evaluate = plan(env, parse(expression));
    if (known.size >= knownMax) known.clear();
    known.set(expression, evaluate);
    return evaluate;
  } catch (error) {
    throw new CelSyntaxError((error as Error).message, { cause: error });
  }
}

/** Whole numbers of JSON are integers in the language, and what is undefined is not there. */
export function toCel(value: unknown): CelInput {
  if (Number.isInteger(value)) return BigInt(value as number);
  if (Array.isArray(value)) return value.map(toCel);
  if (typeof value !== "object" || value === null) return value as CelInput;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.map(([key, inner]) => [key, toCel(inner)]));
}
