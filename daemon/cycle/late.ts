import { isApiError } from "../cluster/api.ts";

/**
 * What the server has answered so recently, by both clocks, is as good as looked at in this pass: mostly the answer to the write
 * that ended the pass before. The slot is looked at in any case before the machine is asked.
 */
export const justNowMs = 1000;
/** A write that has been given up may take effect for so long: https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/, --request-timeout. */
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

/** Whether a write that has failed with this error has certainly no effect. */
export function isSettled(error: unknown): boolean {
  return isApiError(error, ...refusals);
}
