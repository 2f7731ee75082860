/** Why this node should reboot, as far as can be told. "Cannot tell" is never taken for a yes. */
export type Need =
  | {
      state: "needed";
      source: "file" | "command" | "request";
      reasons: readonly string[];
      /** The annotation that asks for it, where there is one. */
      request?: string;
    }
  | { state: "not-needed" }
  | { state: "unknown"; why: string };
