import type { Api } from "../cluster/api.ts";
import type { Policy } from "../cycle/decision.ts";
import type { HookJobs } from "../cycle/ports.ts";

/** The hook Jobs that the policy names. Their code is loaded with the first of them, as most daemons have none. */
export function hookJobsOf(
  api: Api,
  nodeName: string,
  { beforeJob, afterJob }: Pick<Policy, "beforeJob" | "afterJob">,
): HookJobs {
  const templates = { before: beforeJob?.template ?? "", after: afterJob?.template ?? "" };
  const load = async () =>
    (await import("../hook-jobs/hook-jobs.ts")).createHookJobs({ api, nodeName, templates });
  return {
    look: async (job, signal) => (await load()).look(job, signal),
    run: async (job, deadlineMs, signal) => (await load()).run(job, deadlineMs, signal),
    tryOut: async (job, signal) => (await load()).tryOut(job, signal),
  };
}
