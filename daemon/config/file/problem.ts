/** One mistake in a configuration file; the place is that of the key or value at fault. */
import { type Place, placeText } from "../given.ts";

export interface Problem extends Place {
  /** One line, without secrets. */
  text: string;
}

/** "config.yaml:3:7: invalid value …" */
export function problemText(file: string, problem: Problem): string {
  return `${placeText(file, problem)}: ${problem.text}`;
}

/** In the order of the file. */
export function inOrder(problems: readonly Problem[]): Problem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}
