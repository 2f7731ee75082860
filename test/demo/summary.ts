/** What came of it, in words and as a file. Pure. */
import type { Report } from "../world/judge.ts";
import { styled } from "./screen.ts";

export interface Outcome {
  report: Report;
  seconds: number;
  concurrency: number;
  /** Why the roll did not end; undefined when it did. */
  failure: string | undefined;
}

interface Promised {
  text: string;
  holds: boolean;
}

export function allHeld(outcome: Outcome): boolean {
  return outcome.failure === undefined && promisesOf(outcome).every(({ holds }) => holds);
}

export function reportFile({ report, seconds }: Outcome): string {
  const nodes = report.nodes.map(({ cycles, ...node }) => node);
  return `${JSON.stringify({ ...report, seconds, nodes }, undefined, 2)}\n`;
}

export function summaryLines(outcome: Outcome): string[] {
  const { report, seconds, failure } = outcome;
  const rebooted = report.nodes.filter((node) => node.releasedAt !== null && node.rebootedAt !== null).length;
  return [
    "",
    ...(failure === undefined ? [] : [`The roll did not end: ${failure}`]),
    `${rebooted} of ${report.nodes.length} nodes rebooted and uncordoned in ${seconds.toFixed(1)} s`,
    ...promisesOf(outcome).map(({ text, holds }) => `${mark(holds)} ${text}`),
    ...report.violations.map(({ promise, message }) => `BROKEN ${promise}: ${message}`),
    allHeld(outcome) ? "every promise held" : "NOT every promise held",
  ];
}

function promisesOf({ report, concurrency }: Outcome): Promised[] {
  const { maxUnavailable, nodes, violations, lockAtEnd } = report;
  const isProved = nodes.every((node) => new Set(node.bootIDs).size === 2);
  return [
    {
      text: `at most ${maxUnavailable} unavailable at a time; the limit is ${concurrency}`,
      holds: maxUnavailable <= concurrency,
    },
    { text: "one reboot for each node, proved by a new boot ID", holds: isProved },
    { text: `the lock at the end: ${lockAtEnd ?? "free"}`, holds: lockAtEnd === null },
    {
      text: "no cordon or reboot without a slot, no pod killed, nothing left behind",
      holds: violations.length === 0,
    },
  ];
}

function mark(holds: boolean): string {
  return holds ? styled("✓", "green") : styled("✗", "red");
}
