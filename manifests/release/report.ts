import type { Fault } from "./fault.ts";

/** A check after it has run; without faults it is ok. */
export interface Finding {
  /** One or two words. */
  check: string;
  faults: readonly Fault[];
  /** The figures, if it is ok; the reason, if it was left out. */
  says: string;
  isLeftOut?: boolean;
}

const checkWidth = 12;
const resultWidth = 8;

/** One line for a check that is ok or was left out; else a line for each fault, each with its remedy below it. */
export function linesOf({ check, faults, says, isLeftOut = false }: Finding): string {
  const line = (result: string, text: string) =>
    `${check.padEnd(checkWidth)} ${result.padEnd(resultWidth)} ${text}\n`;
  if (isLeftOut) return line("left out", says);
  if (faults.length === 0) return line("ok", says);
  const indent = " ".repeat(checkWidth + resultWidth + 2);
  return faults
    .map(({ fault, remedy }) => `${line("failed", indented(fault, indent))}${indent}remedy: ${remedy}\n`)
    .join("");
}

function indented(text: string, indent: string): string {
  return text.replaceAll("\n", `\n${indent}`);
}
