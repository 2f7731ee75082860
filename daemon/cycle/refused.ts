/**
 * Handles a patch of the own Node that the API server refuses for good: a policy, a webhook or a missing
 * right. What goes with the record may be refused and the record itself be let, so that the Node can say why
 * nothing goes on. Pure.
 */
import { isApiError } from "../cluster/api.ts";
import { type Closed, isReason } from "../gates/reasons.ts";
import { shortEnds } from "../text/one-line.ts";
import { iso } from "../time/iso.ts";
import type { CycleRecord, Reason } from "./record.ts";

/**
 * Tells whether a patch will be refused again, however often it is tried, until somebody changes a policy
 * or a right.
 */
export function isRefusal(error: unknown): boolean {
  return isApiError(error, "forbidden", "invalid");
}

const isOfRefusal = (one: Reason) => isReason(one, "node", "refused");

const wordsMaxChars = 600;

/** The words of a server, as the end of a sentence of ours. */
export function serverWords(words: string): string {
  return shortEnds(words, wordsMaxChars);
}

export function refusalText(words: string): string {
  return `the API server rejects the change to this Node: ${serverWords(words)}`;
}

/**
 * The record that is to be written alone in place of `wanted`: it claims nothing of what was refused, and
 * says so. Undefined where the Node says it already. `before`: as the Node carries it.
 */
export function reportRefused(
  before: CycleRecord,
  wanted: CycleRecord,
  words: string,
  now: number,
): CycleRecord | undefined {
  const others = wanted.phase === before.phase ? wanted.reasons : before.reasons;
  const since = before.reasons.find(isOfRefusal)?.since ?? iso(now);
  const message = refusalText(words);
  const refusal = { gate: "node", code: "refused", message, since } as const satisfies Closed;
  const reasons = [...others.filter((one) => !isOfRefusal(one)), refusal];
  const says = (record: Pick<CycleRecord, "reasons">) =>
    record.reasons.map(({ gate, code, message }) => [gate, code, message].join(" ")).join("\n");
  return says({ reasons }) === says(before) ? undefined : { ...before, reasons, reportedAt: iso(now) };
}

/** Once the server lets a write through, nothing is refused any more. */
export function withoutRefusal(record: CycleRecord): CycleRecord {
  return record.reasons.some(isOfRefusal)
    ? { ...record, reasons: record.reasons.filter((one) => !isOfRefusal(one)) }
    : record;
}
