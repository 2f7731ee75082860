import type { Policy } from "../../cycle/decision.ts";
import type { OptionTable, ValuesOf } from "../option.ts";
import { annotationKeys, choice, duration, namespacedName } from "../values.ts";

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
  "before-reboot-job": {
    type: namespacedName,
    placeholder: "NAMESPACE/NAME",
    help: "A suspended Job, or a CronJob, from which a Job is run once the node is drained, before the reboot",
  },
  "before-reboot-job-timeout": {
    type: duration({ minMs: 1000 }),
    default: "15m",
    placeholder: "DURATION",
    help: "How long that Job may take",
  },
  "before-reboot-job-failed": {
    type: choice("restore", "go-on"),
    default: "restore",
    placeholder: "restore|go-on",
    help: "If it has failed, restore the node, which is a failure, or reboot all the same",
  },
  "after-reboot-job": {
    type: namespacedName,
    placeholder: "NAMESPACE/NAME",
    help: "The same after the reboot, before the uncordon; also if the node is restored after the Job before the reboot",
  },
  "after-reboot-job-timeout": {
    type: duration({ minMs: 1000 }),
    default: "15m",
    placeholder: "DURATION",
    help: "How long that Job may take",
  },
  "after-reboot-job-failed": {
    type: choice("wait", "go-on"),
    default: "wait",
    placeholder: "wait|go-on",
    help: "If it has failed, wait until it is deleted and run again, which keeps the lock and is reported, or uncordon all the same",
  },
} as const satisfies OptionTable;

export interface HookSettings extends Pick<Policy, "beforeHooks" | "afterHooks"> {
  /** There is no Job without a template. */
  beforeJob: MaybeJob<"beforeJob">;
  afterJob: MaybeJob<"afterJob">;
}

type MaybeJob<K extends "beforeJob" | "afterJob"> = Omit<NonNullable<Policy[K]>, "template"> & {
  template: string | undefined;
};

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
    beforeJob: {
      template: given["before-reboot-job"],
      timeoutMs: given["before-reboot-job-timeout"],
      failed: given["before-reboot-job-failed"],
    },
    afterJob: {
      template: given["after-reboot-job"],
      timeoutMs: given["after-reboot-job-timeout"],
      failed: given["after-reboot-job-failed"],
    },
  };
}
