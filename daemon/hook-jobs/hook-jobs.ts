/** Creates hook Jobs and looks at them. Their names follow from the cycle, so that each is created once. */
import { type Api, ApiError, type CallOptions, isApiError, unlessNotFound } from "../cluster/api.ts";
import type { CronJob, Job } from "../cluster/objects.ts";
import { paths, splitKey } from "../cluster/paths.ts";
import type { Hook, JobState } from "../cycle/observation.ts";
import type { HookJobs, OwnJob } from "../cycle/ports.ts";
import { shortEnds } from "../text/one-line.ts";
import { lastLine, resultOf } from "./result.ts";
import { jobFrom, jobName, type Template, templateOf, templateOfCron } from "./template.ts";

export interface HookJobsOptions {
  api: Api;
  nodeName: string;
  /** "namespace/name" of a suspended Job or of a CronJob. */
  templates: Readonly<Record<Hook, string>>;
}

const whyMaxChars = 400;
/** The deadline of a Job that nothing runs. */
const trialDeadlineMs = 60_000;

export function createHookJobs({ api, nodeName, templates }: HookJobsOptions): HookJobs {
  const placeOf = (own: OwnJob) => {
    const [namespace, template] = splitKey(templates[own.hook]);
    return { namespace, template, name: jobName(template, own) };
  };

  async function look(own: OwnJob, signal: AbortSignal): Promise<JobState> {
    const { namespace, name } = placeOf(own);
    const job = `${namespace}/${name}`;
    const path = paths.job(namespace, name);
    let found: Job | undefined;
    try {
      found = await unlessNotFound(() => api.get<Job>(path, { signal }));
    } catch (error) {
      signal.throwIfAborted();
      const why = shortEnds((error as Error).message, whyMaxChars);
      // A right that is missing does not come by itself.
      return { state: isApiError(error, "forbidden", "not-granted") ? "failed" : "unknown", job, why };
    }
    if (found === undefined) return { state: "absent", job };
    const isOurs = found.metadata?.ownerReferences?.some(({ uid }) => uid === own.nodeUid);
    if (!isOurs)
      return { state: "failed", job, why: "somebody else has created it: it does not belong to this Node" };
    const result = resultOf(found);
    if (result.state !== "failed") return { state: result.state, job };
    return { state: "failed", job, why: await withLog(namespace, found, result.message, signal) };
  }

  async function withLog(namespace: string, job: Job, message: string, signal: AbortSignal): Promise<string> {
    const says = shortEnds(message, whyMaxChars);
    try {
      const line = await lastLine(api, namespace, job, signal);
      return line === undefined ? says : `${says}; its log ends with: ${line}`;
    } catch (error) {
      signal.throwIfAborted();
      return `${says}; its log cannot be read: ${shortEnds((error as Error).message, whyMaxChars)}`;
    }
  }

  async function create(own: OwnJob, deadlineMs: number, options: CallOptions): Promise<void> {
    const { namespace, name } = placeOf(own);
    const template = await readTemplate(templates[own.hook], options.signal);
    const deadlineSeconds = Math.max(1, Math.floor(deadlineMs / 1000));
    const body = jobFrom(template, { name, nodeName, deadlineSeconds }, own);
    await api.create<Job>(paths.jobs(namespace), body, options);
  }

  async function run(own: OwnJob, deadlineMs: number, signal: AbortSignal): Promise<void> {
    try {
      await create(own, deadlineMs, { signal });
    } catch (error) {
      // The answer to an earlier request was lost.
      if (!isApiError(error, "already-exists")) throw error;
    }
  }

  async function readTemplate(key: string, signal: AbortSignal): Promise<Template> {
    const [namespace, name] = splitKey(key);
    const job = await unlessNotFound(() => api.get<Job>(paths.job(namespace, name), { signal }));
    if (job !== undefined) return taken(`the Job ${key}`, templateOf(job));
    const cron = await unlessNotFound(() => api.get<CronJob>(paths.cronJob(namespace, name), { signal }));
    if (cron !== undefined) return taken(`the CronJob ${key}`, templateOfCron(cron));
    throw unusable(`there is no Job and no CronJob ${key} to take as a template`);
  }

  const tryOut = (own: OwnJob, signal: AbortSignal) =>
    create(own, trialDeadlineMs, { signal, query: { dryRun: "All" } });

  return { look, run, tryOut };
}

function taken(what: string, template: Template | string): Template {
  if (typeof template !== "string") return template;
  throw unusable(`${what} cannot be a template: it ${template}`);
}

/** It stays so until somebody changes it. */
function unusable(why: string): ApiError {
  return new ApiError(why, { code: "invalid" });
}
