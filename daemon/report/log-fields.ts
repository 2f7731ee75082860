/** Each line of the log has these fields. docs/reference/log.md lists them, and those below. */
export const lineFields = {
  time: "Time of the line, RFC 3339 in UTC",
  level: "`error`, `warn`, `info` or `debug`",
  node: "The node on which the daemon runs",
  phase: "Phase of the node at that moment",
  message: "A sentence for people",
} as const;

/** Facts that a line may have too. */
export const factFields = {
  event: "Name of the event with the same words, as in events.md and in `rebootd_events_total`",
  from: "The phase before, in a line about a change of phase",
  pod: "The pod that the line is about, as NAMESPACE/NAME",
  why: "The reason, often in the words of the API server",
  version: "Version of rebootd",
  rebootMethod: "How the machine is rebooted",
  passedOver: "Methods of rebooting that do not work on this node, each with its error",
  inhibitors: "What systemd's inhibitor locks do: `wait`, `ignore`, or why none are known",
  gates: "The gates that are asked before a reboot",
  open: "Parts of the machine that somebody could use who has broken into the daemon",
  unusual: "Settings that are less careful than the defaults",
  changed: "Options that a new configuration file changes, by their keys",
  kept: "Options of a new configuration file that count from the next start of the daemon, by their keys",
  ignored: "Input of the process that has no effect",
  metricsPort: "Port of /metrics, /healthz and /readyz",
  lockHoldersMax: "The number of holders that the lock has room for",
} as const;

export type Facts = Partial<Record<keyof typeof factFields, string | number | boolean | undefined>>;
