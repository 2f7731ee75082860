/** Jobs before and after the reboots of a storm, and their troubles. */
import type { RawOptions } from "../../../daemon/config/settings.ts";
import type { Draw } from "./draw.ts";

export interface HookJobTrouble {
  kind: "hook-job";
  /** New ones fail, never end, or have no template; or a person deletes those that there are. */
  how: "fails" | "hangs" | "has-no-template" | "is-deleted";
  for: number;
}

/** Names of the two suspended Jobs. */
export const templates = ["set-noout", "unset-noout"] as const;

export function drawHookJob({ oneOf, integer }: Draw): HookJobTrouble {
  return {
    kind: "hook-job",
    how: oneOf("fails", "hangs", "has-no-template", "is-deleted"),
    for: integer(20, 200),
  };
}

export function drawJobOptions({ chance, integer, oneOf }: Draw): RawOptions {
  return {
    "before-reboot-job": `kube-system/${templates[0]}`,
    "before-reboot-job-timeout": `${integer(20, 90)}s`,
    "before-reboot-job-failed": oneOf("restore", "restore", "go-on"),
    ...(chance(0.7) && {
      "after-reboot-job": `kube-system/${templates[1]}`,
      "after-reboot-job-timeout": `${integer(20, 90)}s`,
      "after-reboot-job-failed": oneOf("wait", "go-on"),
    }),
  };
}
