/** Each condition with its meaning, for the help. */
export const waitConditions = {
  idle: "no reboot is needed or under way",
  rebooted: "a reboot has been confirmed since the command began, and the node is back in service",
  waiting: "a reboot is needed, and waits for a gate or a slot",
  failed: "a cycle has failed",
} as const;

export type WaitCondition = keyof typeof waitConditions;
