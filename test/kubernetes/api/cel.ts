/** Expressions of the Common Expression Language, over JSON: https://kubernetes.io/docs/reference/using-api/cel/ */
import { type CelInput, type CelMap, CelScalar, celEnv, celMap, celMethod, parse, plan } from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";

export { isCelError } from "@bufbuild/cel";

export class CelSyntaxError extends Error {}

/** By name; `variables.x` may be the name of one. What is a getter is asked only if the expression needs it. */
export type Bindings = Record<string, CelInput>;

/** What it is in the language; an expression that goes wrong gives a CelError and throws nothing. */
type Evaluate = (bindings: Bindings) => ReturnType<ReturnType<typeof plan>>;

/** What somebody may do, as an expression asks it step by step. */
export interface AccessQuestion {
  group: string;
  resource: string;
  subresource: string;
  namespace: string;
  name: string;
  verb: string;
}

export type CheckAccess = (question: AccessQuestion) => { allowed: boolean; reason: string };

/**
 * The variable `authorizer`. A real server has types of its own for it and for its answers; here they are maps without entries.
 * https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-authorizer-library
 */
export function authorizerValue(check: CheckAccess): CelInput {
  const question = { group: "", resource: "", subresource: "", namespace: "", name: "", verb: "" };
  return step({ check, question });
}

interface Asking {
  check: CheckAccess;
  question: AccessQuestion;
  answer?: ReturnType<CheckAccess>;
}

const askings = new WeakMap<CelMap, Asking>();

function step(asking: Asking): CelMap {
  const value = celMap(new Map());
  askings.set(value, asking);
  return value;
}

function askingOf(value: unknown): Asking {
  const asking = askings.get(value as CelMap);
  if (asking === undefined) throw new Error("no such overload");
  return asking;
}

const { DYN, STRING, BOOL } = CelScalar;
const authorizing = [
  ...(["group", "resource", "subresource", "namespace", "name"] as const).map((field) =>
    celMethod(field, DYN, [STRING], DYN, function (value) {
      const { check, question } = askingOf(this);
      return step({ check, question: { ...question, [field]: value } });
    }),
  ),
  celMethod("check", DYN, [STRING], DYN, function (verb) {
    const asking = askingOf(this);
    return step({ ...asking, answer: asking.check({ ...asking.question, verb }) });
  }),
  celMethod("allowed", DYN, [], BOOL, function () {
    return askingOf(this).answer?.allowed === true;
  }),
  celMethod("reason", DYN, [], STRING, function () {
    return askingOf(this).answer?.reason ?? "";
  }),
];

const env = celEnv({ funcs: [...strings, ...authorizing] });
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
  const map: Record<string, CelInput> = {};
  for (const [key, inner] of Object.entries(value)) if (inner !== undefined) map[key] = toCel(inner);
  return map;
}
