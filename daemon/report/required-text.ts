import { firstOf } from "../text/list.ts";

/** Packages that are named. */
const shownMax = 10;

/** The cause of a need, of the host or of a record, in a sentence. */
export function requiredText({ source, reasons }: { source: string; reasons: readonly string[] }): string {
  if (reasons.length > 0) return `a reboot is needed: ${firstOf(reasons, shownMax)}`;
  return source === "command"
    ? "the sentinel command says that a reboot is needed"
    : "the sentinel file says that a reboot is needed";
}
