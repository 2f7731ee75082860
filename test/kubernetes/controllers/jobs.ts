import type { Informers } from "./informers.ts";
import {
  collection,
  controllerOf,
  isDeleted,
  isFinished,
  keyOf,
  pathOf,
  randomSuffix,
  type StoredJob,
  type StoredPod,
  timeText,
  withConditions,
} from "./objects.ts";
import type { Ports } from "./ports.ts";
import { createQueue } from "./queue.ts";
import { remove } from "./remove.ts";
import { podFrom } from "./replicasets.ts";

/** The pause before a pod that has failed is replaced. */
const retryMs = 10_000;

/**
 * Runs the pods of Jobs one after the other, up to the backoff limit and the deadline, and removes Jobs after
 * their time. https://kubernetes.io/docs/concepts/workloads/controllers/job/
 */
export async function runJobs(ports: Ports, informers: Informers): Promise<void> {
  const { api, clock, random, signal } = ports;
  const jobs = informers.of<StoredJob>("jobs");
  const pods = informers.of<StoredPod>("pods");
  const queue = createQueue(ports, reconcile);
  await Promise.all([jobs.synced, pods.synced]);
  jobs.onChange(({ key, now, before }) => {
    queue.add(key);
    // As the garbage collector does it.
    if (now === undefined && before !== undefined)
      for (const pod of podsOf(before, pods.all())) void remove(ports, "pods", pod).catch(() => {});
  });
  pods.onChange(({ now, before }) => {
    const pod = now ?? before;
    const owner = pod && controllerOf(pod);
    if (owner?.kind === "Job") queue.add(`${pod?.metadata.namespace}/${owner.name}`);
  });
  await queue.run();

  async function reconcile(key: string): Promise<void> {
    const job = jobs.get(key);
    if (job === undefined || isDeleted(job) || job.spec?.suspend === true) return;
    if (endOf(job) !== undefined) return await expire(job);
    const { startTime = timeText(clock.wall()) } = job.status ?? {};
    const own = podsOf(job, pods.all());
    const active = own.filter((pod) => !isFinished(pod) && !isDeleted(pod));
    const [succeeded, failed] = (["Succeeded", "Failed"] as const).map(
      (phase) => own.filter(({ status }) => status?.phase === phase).length,
    );
    const {
      completions = 1,
      backoffLimit = 6,
      activeDeadlineSeconds = Number.POSITIVE_INFINITY,
    } = job.spec ?? {};
    const counts = { startTime, active: active.length, succeeded, failed };
    const leftMs = Date.parse(startTime) + activeDeadlineSeconds * 1000 - clock.wall();
    if ((succeeded ?? 0) >= completions) return await end(job, counts, { type: "Complete" });
    if ((failed ?? 0) > backoffLimit) {
      const message = "Job has reached the specified backoff limit";
      return await end(job, counts, { type: "Failed", reason: "BackoffLimitExceeded", message });
    }
    if (leftMs <= 0) {
      for (const pod of active) await remove(ports, "pods", pod);
      const message = "Job was active longer than specified deadline";
      return await end(job, counts, { type: "Failed", reason: "DeadlineExceeded", message });
    }
    if (Number.isFinite(leftMs)) queue.addAfter(key, leftMs);
    await writeCounts(job, counts);
    if (active.length > 0) return;
    const readyAt = lastFailureMs(own) + retryMs;
    if (clock.wall() < readyAt) return queue.addAfter(key, readyAt - clock.wall());
    pods.enter(
      await api.create<StoredPod>(collection("pods", job.metadata.namespace), podOf(job, random), { signal }),
    );
  }

  async function writeCounts(job: StoredJob, counts: object): Promise<void> {
    const before = JSON.stringify({ ...job.status });
    const status = { ...job.status, ...counts };
    if (JSON.stringify(status) === before) return;
    const { resourceVersion } = job.metadata;
    const body = { metadata: { resourceVersion }, status };
    jobs.enter(await api.patch<StoredJob>(`${pathOf("jobs", job)}/status`, body, { signal }));
  }

  async function end(
    job: StoredJob,
    counts: object,
    condition: { type: string; reason?: string; message?: string },
  ): Promise<void> {
    const at = timeText(clock.wall());
    const conditions = withConditions(job.status?.conditions, at, { ...condition, status: "True" });
    const completion = condition.type === "Complete" ? { completionTime: at } : {};
    await writeCounts(job, { ...counts, active: 0, conditions, ...completion });
  }

  async function expire(job: StoredJob): Promise<void> {
    const { ttlSecondsAfterFinished } = job.spec ?? {};
    const endedAt = endOf(job);
    if (ttlSecondsAfterFinished === undefined || endedAt === undefined) return;
    const leftMs = endedAt + ttlSecondsAfterFinished * 1000 - clock.wall();
    if (leftMs > 0) return queue.addAfter(keyOf(job), leftMs);
    await remove(ports, "jobs", job);
  }
}

/** When it has ended; milliseconds since the epoch. */
function endOf({ status }: StoredJob): number | undefined {
  const ended = status?.conditions?.find(
    (one) => one.status === "True" && (one.type === "Complete" || one.type === "Failed"),
  );
  return ended && Date.parse(ended.lastTransitionTime ?? "");
}

function podsOf(job: StoredJob, pods: readonly StoredPod[]): StoredPod[] {
  return pods.filter((pod) => controllerOf(pod)?.uid === job.metadata.uid);
}

function lastFailureMs(pods: readonly StoredPod[]): number {
  const ends = pods.map(({ status }) =>
    Date.parse(status?.containerStatuses?.[0]?.state?.terminated?.finishedAt ?? ""),
  );
  return Math.max(Number.NEGATIVE_INFINITY, ...ends.filter(Number.isFinite));
}

function podOf(job: StoredJob, random: () => number): object {
  const { name, uid } = job.metadata;
  const owner = {
    apiVersion: "batch/v1",
    kind: "Job",
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
  const template = job.spec?.template;
  return podFrom(template, { name: `${name}-${randomSuffix(random)}`, ownerReferences: [owner] });
}
