import { requestIn, writeReason } from "./value.ts";

/** Whether the annotation approves the reboot: `true` or a reason; an empty one or a word for no does not. */
export function approvalIn(annotation: string | undefined): boolean {
  return requestIn(annotation) !== undefined;
}

/** The text of an approval that {@link approvalIn} reads back. */
export function writeApproval(reason: string | undefined): string {
  return writeReason(undefined, reason, approvalIn);
}
