/** Names in code spans and fenced blocks of the pages that something else defines. Pure. */
import { blocksIn, lineAt, type Page, proseOf, spansIn } from "./pages.ts";

export type NameKind =
  | "option"
  | "variable"
  | "metric"
  | "key"
  | "word"
  | "type"
  | "reason"
  | "gate and code"
  | "subcommand"
  | "path"
  | "npm script";

export interface Name {
  kind: NameKind;
  line: number;
  name: string;
}

/** Each kind of name, and how it is written wherever it stands in code; the first group is the name. */
const anywhere: readonly [NameKind, RegExp][] = [
  ["variable", /(?<!\w)((?:REBOOTD|KURED)_[A-Z0-9_]*[A-Z0-9])(?!\w)/g],
  ["metric", /(?<![\w-])((?:rebootd|kured)_[a-z0-9_]*[a-z0-9])(?![\w-])/g],
  ["key", /(?<![\w/.:@-])((?:[a-z0-9-]+\.)+(?:dev|io|sh|com|net|works|cloud)\/[A-Za-z][\w.-]*\w)(?![\w/])/g],
  ["npm script", /\bnpm run (?:(?:--silent|-s) )?([a-z][\w:-]*)/g],
];

/** The same for a code span as a whole. */
const whole: readonly [NameKind, RegExp][] = [
  ["word", /^([a-z][a-z0-9]*(?:-[a-z0-9]+)+)$/],
  ["type", /^([A-Z][a-z]+(?:[A-Z][a-z]+)*)$/],
  ["reason", /^([a-z]+(?:-[a-z]+)* \([a-z]+(?:-[a-z]+)*\))$/],
  ["path", /^((?:\.ci|\.github|components|daemon|docs|manifests|test)\/[\w.*{},/-]*)$/],
];

/** Programs of others, whose options are theirs. */
const foreign = /^(?!rebootd\b|kubectl rebootd\b)[a-z][\w./-]* /;

/** Every name in the code of a page. The prose outside of code spans is not looked at. */
export function namesIn(page: Page): Name[] {
  const spans = spansIn(page);
  const code = [...spans, ...linesOfBlocks(page)];
  const names = code.flatMap(({ line, code }) => [
    ...anywhere.flatMap(([kind, pattern]) =>
      [...code.matchAll(pattern)].map(([, name = ""]) => ({ kind, line, name })),
    ),
    ...commandNames(code).map((found) => ({ ...found, line })),
  ]);
  const alone = spans.flatMap(({ line, code }) =>
    whole.flatMap(([kind, pattern]) => {
      const name = pattern.exec(code)?.[1];
      return name === undefined ? [] : [{ kind, line, name }];
    }),
  );
  return [...names, ...alone, ...gatesWithCodes(page)];
}

/** Pairs of code spans such as "`need` (`cannot-tell`)" or "(`node`, `refused`)", of which the first may be a gate. */
function gatesWithCodes(page: Page): Name[] {
  const prose = proseOf(page);
  const pairs = prose.matchAll(/`([a-z]+)`(?:\s\(|,\s)`([a-z]+(?:-[a-z]+)*)`\)/g);
  return [...pairs].map(({ index, 1: gate, 2: code }) => ({
    kind: "gate and code",
    line: lineAt(prose, index),
    name: `${gate} (${code})`,
  }));
}

/**
 * Subcommands, and options as "SUBCOMMAND --OPTION", or "--OPTION" alone where no subcommand stands before it. A
 * comment behind a command is about that command, until it names another one.
 */
function commandNames(code: string): Omit<Name, "line">[] {
  const [command = "", comment = ""] = code.split(/(?<=^|\s)# /);
  const parts = command.split(/ \| | && /);
  const subject = /^(?:(?:kubectl )?rebootd \S+|[a-z]\S*)/.exec(parts.at(-1) ?? "")?.[0] ?? "";
  const [about = "", ...others] = comment.split(/(?=\brebootd [a-z])/);
  return [...parts, `${subject} ${about}`, ...others].flatMap((part, index) => {
    if (foreign.test(part) || /^[A-Z_]+=/.test(part)) return [];
    const subcommand = /^(?:kubectl )?rebootd ([a-z][a-z-]*)/.exec(part)?.[1];
    const options = [...part.matchAll(/(?<![\w-])--[a-z][a-z0-9-]*\*?/g)].map(([option]) => ({
      kind: "option" as const,
      name: subcommand === undefined ? option : `${subcommand} ${option}`,
    }));
    const isNamed = subcommand !== undefined && index < parts.length;
    return isNamed ? [{ kind: "subcommand" as const, name: subcommand }, ...options] : options;
  });
}

function linesOfBlocks(page: Page): { line: number; code: string }[] {
  return blocksIn(page).flatMap(({ line, text }) =>
    text.split("\n").map((code, index) => ({ line: line + 1 + index, code: code.trim() })),
  );
}

/** Alerts are named in the prose too. */
export function alertNamesIn(page: Page): { line: number; name: string }[] {
  const prose = proseOf(page);
  return [...prose.matchAll(/(?<![\w#/-])(Rebootd[A-Z]\w+)/g)].map(({ index, 1: name = "" }) => ({
    line: lineAt(prose, index),
    name,
  }));
}
