import { isApiError } from "../cluster/api.ts";

/**
 * An answer of the server that is as recent, by both clocks, counts as of this pass: mostly the answer to
 * the write that ended the pass before. The slot is looked at in any case before the machine is asked.
 */
export const justNowMs = 1000;
/**
 * A write that has been given up may take effect for so long:
 * https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/, --request-timeout.
 */
export const lateMs = 60_000;
/** A write with such an answer has no effect, now or later. */
const refusals = [
  "conflict",
  "forbidden",
  "invalid",
  "not-found",
  "too-many-requests",
  "unauthorized",
] as const;

/** Tells whether a write that failed with this error has certainly no effect. */
export function isSettled(error: unknown): boolean {
  return isApiError(error, ...refusals);
}
