import type { FlagName } from "../../daemon/kured/flags.ts";

/**
 * Flags that are about the process and its machine, and not about the cluster. Their tests are in host.test.ts, and in
 * test/e2e/kured.test.ts for a real process.
 */
export const hostFlags = [
  "node-id",
  "reboot-sentinel",
  "reboot-sentinel-command",
  "reboot-method",
  "reboot-command",
  "reboot-signal",
  "metrics-host",
  "metrics-port",
] as const satisfies FlagName[];
