/**
 * How a cycle ends, each in a sentence for people: the label of `rebootd_cycles_total`, and in the record.
 */
export const outcomes = {
  rebooted: "The reboot is proved, and the node is Ready and uncordoned.",
  failed: "The drain, the reboot or the return failed; the node backs off.",
  withdrawn:
    "The cycle ended before the reboot, as it was no longer allowed or needed; the node is restored.",
} as const;

/** The message of a cycle that has rebooted the node; what is not as it should be comes after it. */
export const rebootedMessage = "rebooted, Ready and uncordoned";

/** The same after a soft reboot, which is never called a reboot alone. */
export const softRebootedMessage = "soft-rebooted, Ready and uncordoned";

/** Whether the message says no more than that the node is back. */
export function isBackMessage(message: string): boolean {
  return message === rebootedMessage || message === softRebootedMessage;
}

export type Outcome = keyof typeof outcomes;

export const outcomeNames = Object.keys(outcomes) as [Outcome, ...Outcome[]];
