/** The matchers of a silence, as an operator writes them: with `{node}` for the name of the node. Pure. */
import { compileRe2 } from "../text/re2.ts";

/** https://prometheus.io/docs/alerting/latest/configuration/#matcher */
export interface Matcher {
  name: string;
  value: string;
  isRegex: boolean;
  /** False for != and !~. */
  isEqual: boolean;
}

const placeholder = "{node}";

const oneMatcher =
  /^\s*([a-zA-Z_]\w*)\s*(=~|!~|!=|=)(?![=~])\s*("(?:[^"\\]|\\.)*"|(?:\{node\}|[^"'`,{}\s])*)\s*(?:,|$)/;

/** Characters of node names; capital letters would be read as a name by people. */
const nameChar = "[A-Za-z0-9.-]";
const exactValue = new RegExp(`^(?:.*(?!${nameChar}).)?\\{node\\}(?:(?!${nameChar}).*)?$`, "s");

/** A character that is in no node name, and stands for itself in an expression. */
const separator = "[:/@_,;=#% ]";
const head = `[\\w.*+:/@,;=#% -]*${separator}`;
/** The separator may not be left out or repeated zero times. */
const tail = `${separator}(?![?*{])[^|()]*`;
const grouped = (part: string) => `(?:${part}|\\((?:\\?:)?${part}\\)\\??)?`;
/**
 * No expression with alternatives, and none in which the name is next to anything but a separator: whatever it
 * matches has the whole name in it.
 */
const anchoredValue = new RegExp(`^${grouped(head)}\\{node\\}${grouped(tail)}$`);

/**
 * Parses a list of matchers. Throws an Error that says why it is none, or why it could match alerts of other
 * nodes: one matcher with = or =~ must name the node and nothing else.
 */
export function parseMatchers(text: string): readonly Matcher[] {
  const matchers: Matcher[] = [];
  for (let rest = text; rest.trim() !== ""; ) {
    const [all, name = "", operator = "", given = ""] = oneMatcher.exec(rest) ?? [];
    if (all === undefined) throw new Error(`${JSON.stringify(rest.trim())} is no matcher`);
    if (name.startsWith("__")) throw new Error(`alerts have no label ${name}`);
    const isRegex = operator.endsWith("~");
    const matcher = { name, value: unquoted(given), isRegex, isEqual: !operator.startsWith("!") };
    if (isRegex) compileRe2(filled(matcher, "node-1").value);
    matchers.push(matcher);
    rest = rest.slice(all.length);
  }
  if (!matchers.some(namesTheNode)) throw new Error(whyNot(matchers));
  return matchers;
}

/** The matchers for this node. */
export function matchersFor(matchers: readonly Matcher[], nodeName: string): readonly Matcher[] {
  return matchers.map((matcher) => filled(matcher, nodeName));
}

/** A text that is the same for the same matchers in any order. */
export function matchersKey(matchers: readonly Matcher[]): string {
  const texts = matchers.map(({ name, value, isRegex, isEqual }) =>
    JSON.stringify([name, value, isRegex, isEqual]),
  );
  return texts.sort().join();
}

function filled(matcher: Matcher, nodeName: string): Matcher {
  // No other character of a node name means anything in an expression.
  const name = matcher.isRegex ? nodeName.replaceAll(".", "\\.") : nodeName;
  return { ...matcher, value: matcher.value.replaceAll(placeholder, name) };
}

/** Whether each value that it matches has the whole name in it, which no character beside it continues. */
function namesTheNode({ value, isRegex, isEqual }: Matcher): boolean {
  return isEqual && (isRegex ? anchoredValue : exactValue).test(value);
}

function whyNot(matchers: readonly Matcher[]): string {
  const named = matchers.filter(({ value }) => value.includes(placeholder));
  if (named.length === 0)
    return `no matcher has ${placeholder} in it, so it would match alerts of other nodes`;
  if (named.every(({ isEqual }) => !isEqual))
    return `${placeholder} is only in matchers with != or !~, so it would match alerts of other nodes`;
  return `${named.map(({ name }) => name).join(", ")} could match the names of other nodes too: beside ${placeholder} only a separator such as : or / may stand, and no |`;
}

/** JSON's escapes are a part of Alertmanager's. */
function unquoted(text: string): string {
  if (!text.startsWith('"')) return text;
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${text} has a backslash that is not doubled`);
  }
}
