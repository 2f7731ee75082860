/** The result of a Job, from its conditions and from the log of its last pod. */
import type { Api } from "../cluster/api.ts";
import type { Job, WholePod } from "../cluster/objects.ts";
import { paths } from "../cluster/paths.ts";
import { cut } from "../text/cut.ts";
import { oneLine } from "../text/one-line.ts";

/** One page: a Job that is tried again has a pod for each try, six by default. */
const podsMax = 20;
const logLines = 5;
const logMaxBytes = 8192;
const lineMaxChars = 300;

export type Result = { state: "running" | "complete" } | { state: "failed"; message: string };

/**
 * A Job has ended once it is Complete or Failed; with SuccessCriteriaMet or FailureTarget its pods still end.
 * https://kubernetes.io/docs/concepts/workloads/controllers/job/#termination-of-job-pods
 */
export function resultOf({ status }: Job): Result {
  const conditions = (status?.conditions ?? []).filter((one) => one.status === "True");
  if (conditions.some(({ type }) => type === "Complete")) return { state: "complete" };
  const failed = conditions.find(({ type }) => type === "Failed");
  if (failed === undefined) return { state: "running" };
  return { state: "failed", message: [failed.reason, failed.message].filter(Boolean).join(": ") };
}

/** The last line that the youngest failed pod of the Job has written; undefined where there is none. */
export async function lastLine(
  api: Api,
  namespace: string,
  job: Job,
  signal: AbortSignal,
): Promise<string | undefined> {
  const query = { labelSelector: `controller-uid=${job.metadata?.uid}`, limit: podsMax };
  const { items } = await api.list<WholePod>(paths.podsIn(namespace), { signal, query });
  const pod = items.filter(hasStarted).sort(byFailureAndAge).at(-1);
  if (pod === undefined) return undefined;
  const path = paths.podLog(namespace, pod.metadata?.name ?? "");
  const text = await api.getText(path, {
    signal,
    query: { container: failedContainer(pod), tailLines: logLines, limitBytes: logMaxBytes },
  });
  const line = text
    .split("\n")
    .map(oneLine)
    .findLast((one) => one !== "");
  return line === undefined ? undefined : cut(line, lineMaxChars);
}

function hasStarted({ status }: WholePod): boolean {
  return (status?.containerStatuses ?? []).some(({ state }) => state?.waiting === undefined);
}

function byFailureAndAge(a: WholePod, b: WholePod): number {
  const rank = ({ status, metadata }: WholePod) =>
    `${status?.phase === "Failed" ? 1 : 0} ${metadata?.creationTimestamp ?? ""}`;
  return rank(a).localeCompare(rank(b));
}

function failedContainer({ status, spec }: WholePod): string | undefined {
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const failed = all.find(({ state }) => (state?.terminated?.exitCode ?? 0) !== 0);
  return failed?.name ?? spec?.containers[0]?.name;
}
