/** The Job of one cycle, as it is created from its template. Pure. */
import { createHash } from "node:crypto";
import { contract } from "../annotations/names.ts";
import type { CronJob, Job, Metadata } from "../cluster/objects.ts";
import type { OwnJob } from "../cycle/ports.ts";

/** The pods of a Job bear its name, with more behind it, in labels of at most 63 characters. */
const templateNameMaxChars = 36;
const labelMaxChars = 63;
const hashChars = 10;
/** The result of a Job is read after it has ended, by a daemon that may be away for a while. */
const keepSeconds = { least: 3600, usual: 24 * 3600 };
/** The variable with the name of the node in every container. */
export const nodeVariable = "REBOOTD_NODE";

type JobSpec = NonNullable<Job["spec"]>;
type PodSpec = NonNullable<JobSpec["template"]["spec"]>;

/** Metadata and spec, of a Job or of those that a CronJob makes. */
export interface Template {
  metadata?: Metadata | undefined;
  spec: JobSpec;
}

/** A Job that is not suspended has run by itself. Answers why the object can be no template, in the words after its name. */
export function templateOf(job: Job): Template | string {
  if (job.spec === undefined) return "has no spec";
  return job.spec.suspend === true ? { metadata: job.metadata, spec: job.spec } : "is not suspended";
}

export function templateOfCron({ spec }: CronJob): Template | string {
  const { metadata, spec: jobSpec } = spec?.jobTemplate ?? {};
  return jobSpec === undefined ? "has no template of a Job" : { metadata, spec: jobSpec };
}

/**
 * The same for every call about one Job, and another one for each cycle. `template`: the name of the
 * template.
 */
export function jobName(template: string, { hook, id, nodeUid }: OwnJob): string {
  const hash = createHash("sha256").update(`${nodeUid} ${id}`).digest("hex").slice(0, hashChars);
  const begin = template.slice(0, templateNameMaxChars).replace(/[-.]+$/, "");
  return `${begin}-${hook}-${hash}`;
}

/** `deadlineSeconds`: after so long the server ends it, unless the template has a shorter time. */
export function jobFrom(
  { metadata, spec }: Template,
  { name, nodeName, deadlineSeconds }: { name: string; nodeName: string; deadlineSeconds: number },
  own: OwnJob,
): object {
  const labels = {
    [contract.hook.key]: own.hook,
    [contract.hookNode.key]: nodeName.slice(0, labelMaxChars).replace(/[^a-zA-Z0-9]+$/, ""),
  };
  // The selector is that of the template's own pods.
  const { selector: _, manualSelector: __, template, ...rest } = spec;
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name,
      labels: { ...withoutControllers(metadata?.labels), ...labels },
      annotations: withoutControllers(metadata?.annotations),
      ownerReferences: [{ apiVersion: "v1", kind: "Node", name: nodeName, uid: own.nodeUid }],
    },
    spec: {
      ...rest,
      suspend: false,
      activeDeadlineSeconds: Math.min(spec.activeDeadlineSeconds ?? deadlineSeconds, deadlineSeconds),
      ttlSecondsAfterFinished: Math.max(spec.ttlSecondsAfterFinished ?? keepSeconds.usual, keepSeconds.least),
      template: {
        ...template,
        metadata: {
          ...template.metadata,
          labels: { ...withoutControllers(template.metadata?.labels), ...labels },
        },
        spec: template.spec && withNode(template.spec, nodeName),
      },
    },
  };
}

/** Labels and annotations that the Job controller and kubectl write. */
function withoutControllers(keys: Readonly<Record<string, string>> = {}): Record<string, string> {
  const isTheirs = (key: string) =>
    /^(batch\.kubernetes\.io|kubectl\.kubernetes\.io|cronjob\.kubernetes\.io)\//.test(key) ||
    key === "controller-uid" ||
    key === "job-name";
  return Object.fromEntries(Object.entries(keys).filter(([key]) => !isTheirs(key)));
}

/** The variable stands first, so that the others can use it. */
function withNode(spec: PodSpec, nodeName: string): PodSpec {
  const add = <C extends PodSpec["containers"][number]>(container: C): C => ({
    ...container,
    env: [
      { name: nodeVariable, value: nodeName },
      ...(container.env ?? []).filter(({ name }) => name !== nodeVariable),
    ],
  });
  const { initContainers } = spec;
  return {
    ...spec,
    containers: spec.containers.map(add),
    ...(initContainers && { initContainers: initContainers.map(add) }),
  };
}
