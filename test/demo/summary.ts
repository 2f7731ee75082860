/** What came of it, in words and as a file. Pure. */
import type { Report } from "../world/judge.ts";

export interface Outcome {
  report: Report;
  seconds: number;
  concurrency: number;
  /** Why the roll did not end; undefined when it did. */
  failure: string | undefined;
}

export function allHeld({ report, concurrency, failure }: Outcome): boolean {
  const isOneBootEach = report.nodes.every((node) => new Set(node.bootIDs).size === 2);
  const isFree = report.lockAtEnd === null && report.violations.length === 0;
  return failure === undefined && isFree && isOneBootEach && report.maxUnavailable <= concurrency;
}

export function reportFile({ report, seconds }: Outcome): string {
  const nodes = report.nodes.map(({ cycles, ...node }) => node);
  return `${JSON.stringify({ ...report, seconds, nodes }, undefined, 2)}\n`;
}

export function summaryLines(outcome: Outcome): string[] {
  const { report, seconds, concurrency, failure } = outcome;
  const rebooted = report.nodes.filter((node) => node.releasedAt !== null && node.rebootedAt !== null).length;
  return [
    "",
    ...(failure === undefined ? [] : [`The roll did not end: ${failure}`]),
    `${rebooted} of ${report.nodes.length} nodes rebooted and uncordoned in ${seconds.toFixed(1)} s`,
    `at most ${report.maxUnavailable} unavailable at a time; the limit is ${concurrency}`,
    `the lock at the end: ${report.lockAtEnd ?? "free"}`,
    ...report.violations.map(({ promise, message }) => `BROKEN ${promise}: ${message}`),
    allHeld(outcome) ? "every promise held" : "NOT every promise held",
  ];
}
