/** Names that an expression reads, with the labels it names beside them. Enough of PromQL for our own expressions. */
export interface Reading {
  metric: string;
  labels: readonly string[];
}

const words = new Set(["and", "or", "unless", "bool", "offset"]);
const lists = /\b(by|without|on|ignoring|group_left|group_right)\s*\(([^()]*)\)/g;

export function readingsOf(expr: string): Reading[] {
  // Strings first: they may contain everything else.
  const bare = expr.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""').replaceAll(lists, "");
  const found = bare.matchAll(/([a-zA-Z_:][\w:]*)\s*(?:\{([^}]*)\})?(\s*\()?/g);
  return [...withoutRanges(found)].flatMap(([, metric = "", matchers = "", call]) =>
    call !== undefined || words.has(metric) ? [] : [{ metric, labels: labelsOf(matchers) }],
  );
}

/** Units of ranges and of `$` variables of Grafana are no names. */
function* withoutRanges(found: Iterable<RegExpExecArray>): Generator<RegExpExecArray> {
  for (const match of found) {
    const before = match.input[match.index - 1] ?? " ";
    if (!/[\d$]/.test(before)) yield match;
  }
}

const labelsOf = (matchers: string) =>
  [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = ""]) => label);

/** Labels of `by (…)` and `on (…)`. */
export function listedLabels(expr: string): string[] {
  return [...expr.matchAll(lists)].flatMap(([, , list = ""]) => list.split(",").map((one) => one.trim()));
}
