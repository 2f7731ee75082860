/** Fenced `sh` blocks of the pages, as scripts that run on the simulated cluster. Pure. */
import { type Block, blocksIn, type Page } from "./pages.ts";

export interface Example {
  /** Such as "docs/faq.md:12". */
  place: string;
  /** Commands with examples in place of placeholders; empty where none of them is run. */
  script: string;
  /** How many commands the block has, and how many of them are run. */
  commands: number;
  run: number;
  /** Why the others are not. */
  reason: string | undefined;
  /** Texts of the files that the page shows before it, by name: blocks behind `<!-- file: NAME -->`. */
  files: Readonly<Record<string, string>>;
}

/** Values for the placeholders of the pages. Files are in the folder in which the examples run. */
export interface Places {
  /** A node, and another one. */
  nodes: readonly [string, string];
  /** The pod of the daemon on the first node. */
  pod: string;
}

/** A block with a mark that is no reason. */
export class MarkFault extends Error {
  override name = "MarkFault";
}

/** The `sh` blocks of a page. Throws a MarkFault for a mark without a reason, or one that marks nothing. */
export function examplesIn(page: Page, places: Places): Example[] {
  let files: Example["files"] = {};
  return blocksIn(page).flatMap((block) => {
    const mark = markOf(block);
    const file = /^file: (\S+)$/.exec(block.comment ?? "")?.[1];
    if (file !== undefined) files = { ...files, [file]: block.text };
    if (block.language === "sh") return [{ ...exampleOf(block, mark, places), files }];
    if (mark !== undefined) throw fault(block, "only sh blocks are run, so that no other one needs a mark");
    return [];
  });
}

interface Mark {
  reason: string;
  /** Beginnings of the commands that it is about; none for the whole block. */
  beginnings: readonly string[];
}

/** `<!-- not run: REASON -->`, or with the beginnings of commands in code spans before the reason. */
function markOf(block: Block): Mark | undefined {
  const text = /^not run\b(.*)$/s.exec(block.comment ?? "")?.[1];
  if (text === undefined) return undefined;
  const { spans = "", reason = "" } =
    /^:(?<spans>(?:\s*`[^`]+`,?)*:?)\s*(?<reason>.*)$/s.exec(text)?.groups ?? {};
  if (!/\w+ \w+/.test(reason))
    throw fault(block, "the mark has no reason; write <!-- not run: it needs … -->");
  return {
    reason: reason.replaceAll(/\s+/g, " "),
    beginnings: [...spans.matchAll(/`([^`]+)`/g)].map(([, beginning = ""]) => beginning),
  };
}

function exampleOf(block: Block, mark: Mark | undefined, places: Places): Omit<Example, "files"> {
  const lines = block.text.replaceAll(/\\\n\s*/g, "").split("\n");
  const commands = lines.filter((line) => line.trim() !== "" && !line.startsWith("#"));
  const beginnings = mark?.beginnings ?? [];
  for (const beginning of beginnings) {
    if (!commands.some((command) => command.startsWith(beginning)))
      throw fault(block, `the mark names \`${beginning}\`, and no command begins so`);
  }
  const isRun = (command: string) =>
    mark === undefined ||
    (beginnings.length > 0 && !beginnings.some((beginning) => command.startsWith(beginning)));
  const run = commands.filter(isRun);
  return {
    place: `${block.file}:${block.line}`,
    script: run.map((command) => `${filled(command, places)}\n`).join(""),
    commands: commands.length,
    run: run.length,
    reason: mark?.reason,
  };
}

/** A command with examples for its placeholders. Options alone are those of a daemon. */
function filled(command: string, { nodes, pod }: Places): string {
  const [node, another] = nodes;
  const whole = command.startsWith("--") ? `rebootd run … ${command}` : command;
  return whole
    .replace(/^rebootd run … /, `rebootd run --node-id=${node} --once `)
    .replace("[NODE...]", "")
    .replace("NODE...", `${node} ${another}`)
    .replaceAll(/\bNODE\b/g, node)
    .replaceAll(/\bPOD\b/g, pod)
    .replaceAll(/\bGROUP\b/g, "operators")
    .replaceAll(/(?<=--kubeconfig[= ])FILE\b/g, "kubeconfig")
    .replaceAll(/(?<=--notify-url-file=)(?:FILE|\/etc\/[\w/]+)/g, "$PWD/urls");
}

/** Words in capitals that stand for something else, and that nobody has filled in. */
export function placeholdersIn({ script }: Example): string[] {
  const commands = script.replaceAll(/(?<=^|\s)#.*$/gm, "").replaceAll(/'[^']*'|"[^"]*"/g, "");
  return [...commands.matchAll(/…|(?<![\w$-])(?!URL=|ALERTS\b)[A-Z]{3,}(?![\w-])/g)].map(([word]) => word);
}

const fault = ({ file, line }: Block, text: string) => new MarkFault(`${file}:${line}: ${text}`);
