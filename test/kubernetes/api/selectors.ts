/**
 * Label and field selectors, with the messages of the real parsers.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
 */
import { at, type Fields, fields, isFields, list, text } from "./object.ts";
import { type ApiError, badRequest } from "./status.ts";

export interface Requirement {
  key: string;
  operator: "in" | "notin" | "exists" | "!" | "gt" | "lt";
  values: string[];
}

type Labels = Record<string, string> | undefined;

/** Parses a label selector. Throws a 400 with the words of the real parser. */
export function parseLabelSelector(selector: string): Requirement[] {
  const tokens = readTokens(selector);
  const requirements: Requirement[] = [];
  while (!tokens.isAtEnd()) {
    const start = tokens.peek();
    if (start !== "!" && !isWord(start)) {
      throw badRequest(`found '${start}', expected: !, identifier, or 'end of string'`);
    }
    requirements.push(parseRequirement(tokens));
    if (tokens.isAtEnd()) break;
    const comma = tokens.peek();
    if (comma !== ",") throw badRequest(`found '${comma}', expected: ',' or 'end of string'`);
    tokens.skip();
    const next = tokens.peek();
    if (next !== "!" && !isWord(next)) throw badRequest(`found '${next}', expected: identifier after ','`);
  }
  return requirements;
}

interface Tokens {
  isAtEnd(): boolean;
  /** The next token, "" at the end. */
  peek(): string;
  skip(): void;
}

function readTokens(selector: string): Tokens {
  const tokens = tokenize(selector);
  let position = 0;
  return {
    isAtEnd: () => position >= tokens.length,
    peek: () => tokens[position] ?? "",
    skip: () => {
      position++;
    },
  };
}

function parseRequirement(tokens: Tokens): Requirement {
  const negated = tokens.peek() === "!";
  if (negated) tokens.skip();
  const key = tokens.peek();
  if (!isWord(key)) throw malformed(`found '${key}', expected: identifier`);
  checkKey(key);
  tokens.skip();
  const operator = tokens.peek();
  if (negated) return { key, operator: "!", values: [] };
  if (operator === "" || operator === ",") return { key, operator: "exists", values: [] };
  tokens.skip();
  switch (operator) {
    case "=":
    case "==":
    case "!=":
      return { key, operator: operator === "!=" ? "notin" : "in", values: [parseValue(tokens)] };
    case ">":
    case "<":
    case "gt":
    case "lt": {
      const isGreater = operator === ">" || operator === "gt";
      return { key, operator: isGreater ? "gt" : "lt", values: [parseValue(tokens)] };
    }
    case "in":
    case "notin":
      return { key, operator, values: parseSet(tokens) };
    default:
      throw malformed(`found '${operator}', expected: in, notin, =, ==, !=, gt, lt`);
  }
}

function parseValue(tokens: Tokens): string {
  const token = tokens.peek();
  if (token === "" || token === ",") return "";
  if (!isWord(token)) throw malformed(`found '${token}', expected: identifier`);
  tokens.skip();
  return token;
}

function parseSet(tokens: Tokens): string[] {
  if (tokens.peek() !== "(") throw malformed(`found '${tokens.peek()}' expected: '('`);
  tokens.skip();
  const values: string[] = [];
  for (;;) {
    const token = tokens.peek();
    if (isWord(token)) {
      values.push(token);
      tokens.skip();
    } else if (token === "," || (token === ")" && values.length === 0)) {
      values.push("");
    }
    if (tokens.peek() === ")") break;
    if (tokens.peek() !== ",") throw malformed(`found '${tokens.peek()}', expected: ',', or identifier`);
    tokens.skip();
    if (tokens.peek() === ")") values.push("");
  }
  tokens.skip();
  return values;
}

function isWord(token: string): boolean {
  return token !== "" && !/^[(),!=<>]/.test(token);
}

function malformed(message: string): ApiError {
  return badRequest(`unable to parse requirement: ${message}`);
}

function tokenize(selector: string): string[] {
  return selector.match(/==|!=|[(),!=<>]|[^\s(),!=<>]+/g) ?? [];
}

function checkKey(key: string): void {
  const name = key.split("/").at(-1) ?? "";
  if (key.split("/").length > 2 || !/^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/.test(name)) {
    throw badRequest(
      `unable to parse requirement: <nil>: Invalid value: "${key}": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
    );
  }
}

export function matchesLabels(requirements: Requirement[], labels: Labels): boolean {
  return requirements.every(({ key, operator, values }) => {
    const value = labels?.[key];
    switch (operator) {
      case "exists":
        return value !== undefined;
      case "!":
        return value === undefined;
      case "in":
        return value !== undefined && values.includes(value);
      case "notin":
        return value === undefined || !values.includes(value);
      case "gt":
        return value !== undefined && Number(value) > Number(values[0]);
      case "lt":
        return value !== undefined && Number(value) < Number(values[0]);
      default:
        return operator satisfies never;
    }
  });
}

/**
 * Whether a `LabelSelector` object (of a budget, a DaemonSet) matches. None matches nothing, an empty one everything.
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/label-selector/
 */
export function matchesSelector(selector: unknown, labels: Labels): boolean {
  if (!isFields(selector)) return false;
  const equalities = Object.entries(fields(selector["matchLabels"]));
  if (!equalities.every(([key, value]) => labels?.[key] === value)) return false;
  const operators: Record<string, Requirement["operator"]> = {
    In: "in",
    NotIn: "notin",
    Exists: "exists",
    DoesNotExist: "!",
  };
  const expressions = list(selector["matchExpressions"]).map((expression) => ({
    key: text(at(expression, "key")),
    operator: operators[text(at(expression, "operator"))] ?? "in",
    values: list(at(expression, "values")).map(text),
  }));
  return matchesLabels(expressions, labels);
}

export interface FieldRequirement {
  field: string;
  equals: boolean;
  value: string;
}

/** Parses a field selector: only =, == and != exist. Throws a 400. */
export function parseFieldSelector(selector: string): FieldRequirement[] {
  return splitTerms(selector)
    .filter((term) => term !== "")
    .sort()
    .map((term) => {
      const parts = /^((?:[^=!\\]|\\.|!(?!=))*)(==|!=|=)(.*)$/s.exec(term);
      if (!parts) throw badRequest(`invalid selector: '${selector}'; can't understand '${term}'`);
      const [, field = "", operator, value = ""] = parts;
      return { field, equals: operator !== "!=", value: unescapeValue(value, selector) };
    });
}

/** Commas part the terms; a backslash keeps one inside a value. */
function splitTerms(selector: string): string[] {
  return selector.match(/(?:[^,\\]|\\.)+|(?<=,)(?=,)/gs) ?? [];
}

function unescapeValue(value: string, selector: string): string {
  if (/[,=]/.test(value.replace(/\\./gs, ""))) throw badRequest(`invalid field selector: ${selector}`);
  return value.replace(/\\([\\,=])/g, "$1");
}

/** How a resource's selectable fields are read from an object; missing ones count as "". */
export type FieldReaders = Record<string, (object: Fields) => string>;

export function matchesFields(
  requirements: FieldRequirement[],
  readers: FieldReaders,
  object: Fields,
): boolean {
  return requirements.every(({ field, equals, value }) => (readers[field]?.(object) === value) === equals);
}
