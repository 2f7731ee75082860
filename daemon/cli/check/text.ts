import { wrapCells } from "../../text/cells.ts";
import { count } from "../../text/count.ts";
import { oneLine } from "../../text/one-line.ts";
import { paint, type Style, type Terminal, type Text } from "../terminal.ts";
import type { Result } from "./finding.ts";
import type { Checked, Checkup } from "./run-items.ts";

const styles: Readonly<Record<Result, Style>> = { ok: "good", warning: "waiting", failed: "trouble" };
/** The longest result, and two blanks. */
const indent = 9;

/**
 * One line for each finding, the fix on a line of its own: it may be a command to copy, so it is not wrapped.
 * Pure.
 */
export function checkText(
  { findings, count: counts }: Checkup,
  { columns }: Pick<Terminal, "columns">,
): Text {
  const lines = findings.map((finding) => linesOf(finding, columns));
  const { ok, warning, failed } = counts;
  const sum = [`${ok} ok`, count(warning, "warning"), `${failed} failed`].join(", ");
  return [...lines, "\n", `${sum}\n`];
}

function linesOf({ item, result, message, fix }: Checked, columns: number | undefined): Text {
  const whole = `${item}: ${oneLine(message)}`;
  const room = columns === undefined ? undefined : Math.max(30, columns - indent);
  const [first = "", ...more] = room === undefined ? [whole] : wrapCells(whole, room);
  const blank = " ".repeat(indent);
  return [
    [paint(styles[result], result), " ".repeat(indent - result.length), first, "\n"],
    ...more.map((line) => `${blank}${line}\n`),
    ...(fix === undefined ? [] : [`${blank}fix: ${oneLine(fix)}\n`]),
  ];
}
