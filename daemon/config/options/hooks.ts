import type { Policy } from "../../cycle/decision.ts";
import type { OptionTable, ValuesOf } from "../option.ts";
import { annotationKeys, choice, duration } from "../values.ts";

/** The options that name annotations, which a command for people reads from a DaemonSet. */
export const hookKeyOptions = {
  "before-reboot-hooks": {
    type: annotationKeys,
    repeat: true,
    placeholder: "KEY,...",
    help: "Annotations of the Node that somebody else must set to true once it is drained, before the reboot",
  },
  "after-reboot-hooks": {
    type: annotationKeys,
    repeat: true,
    placeholder: "KEY,...",
    help: "Annotations of the Node that somebody else must set to true after the reboot, before the uncordon",
  },
} as const satisfies OptionTable;

export const hookOptions = {
  "before-reboot-hooks": hookKeyOptions["before-reboot-hooks"],
  "before-reboot-hooks-timeout": {
    type: duration({ minMs: 1000 }),
    default: "15m",
    placeholder: "DURATION",
    help: "How long a drained node waits for them",
  },
  "before-reboot-hooks-late": {
    type: choice("restore", "go-on"),
    default: "restore",
    placeholder: "restore|go-on",
    help: "Then restore the node, which is a failure, or reboot without them",
  },
  "after-reboot-hooks": hookKeyOptions["after-reboot-hooks"],
  "after-reboot-hooks-timeout": {
    type: duration({ minMs: 1000 }),
    default: "15m",
    placeholder: "DURATION",
    help: "How long a node waits for them before it is late",
  },
  "after-reboot-hooks-late": {
    type: choice("wait", "go-on"),
    default: "wait",
    placeholder: "wait|go-on",
    help: "Then wait on, which keeps the lock and is reported, or uncordon without them",
  },
} as const satisfies OptionTable;

export type HookSettings = Pick<Policy, "beforeHooks" | "afterHooks">;

export function hookSettings(given: ValuesOf<typeof hookOptions>): HookSettings {
  return {
    beforeHooks: {
      keys: given["before-reboot-hooks"].flat(),
      timeoutMs: given["before-reboot-hooks-timeout"],
      late: given["before-reboot-hooks-late"],
    },
    afterHooks: {
      keys: given["after-reboot-hooks"].flat(),
      timeoutMs: given["after-reboot-hooks-timeout"],
      late: given["after-reboot-hooks-late"],
    },
  };
}
