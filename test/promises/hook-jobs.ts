/** The Job of --before-reboot-job is run once in each cycle, and its end comes before the reboot. */
import { at, type KubeObject, list } from "../kubernetes/api/object.ts";
import type { Checker, Look } from "./checker.ts";
import { recordIn } from "./eyes.ts";

const promise = "the Job before the reboot is run once, before it";
const nodeLabel = "rebootd.dev/node";
const hookLabel = "rebootd.dev/hook";

export interface HookJobsChecker extends Checker {
  onJob(job: KubeObject, isNew: boolean): void;
}

interface Cycle {
  /** Names of the Jobs before the reboot. */
  jobs: Set<string>;
  /** Something else has written the record, or put it back. */
  isTampered: boolean;
}

/** `mustRun`: all daemons of the node are told to run one, and were since the cycle can have begun. */
export function hookJobsRunOnce(
  { view, violate }: Pick<Look, "violate"> & { view: Pick<Look["view"], "stored" | "storedAll"> },
  mustRun: (node: string) => boolean,
): HookJobsChecker {
  const cycles = new Map<string, Cycle>();
  const cycleOf = (name: string) => {
    const known = cycles.get(name) ?? { jobs: new Set(), isTampered: false };
    cycles.set(name, known);
    return known;
  };
  return {
    onNode({ name, writer, isRestored, object, previous }) {
      const record = (node: KubeObject | undefined) => node?.metadata.annotations?.["rebootd.dev/cycle"];
      const isForeign = writer !== name && previous !== undefined && record(previous) !== record(object);
      if (isRestored || isForeign) cycleOf(name).isTampered = true;
    },
    onRecord({ name, found, after, isForged }) {
      const begins = after.phase === "Draining" && !isInCycle(found.phase);
      if (begins) cycles.set(name, { jobs: new Set(), isTampered: isForged });
    },
    onExcepted(name) {
      cycleOf(name).isTampered = true;
    },
    onJob({ metadata: { name: job, labels } }, isNew) {
      if (!isNew || labels?.[hookLabel] !== "before") return;
      const name = labels[nodeLabel] ?? "";
      const { jobs, isTampered } = cycleOf(name);
      jobs.add(job);
      if (jobs.size > 1 && !isTampered)
        violate(promise, `${name} has run ${[...jobs].join(" and ")} in one cycle`, name);
    },
    onReboot(name) {
      const { jobs, isTampered } = cycleOf(name);
      // A daemon that is told of no Job any more waits for none that the one before it has created.
      if (isTampered || !mustRun(name)) return;
      const stored = view.storedAll("jobs.batch").filter((job) => jobs.has(job.metadata.name));
      const running = stored.find((job) => !hasEnded(job));
      if (running !== undefined)
        violate(promise, `${name} reboots while ${running.metadata.name} still runs`, name);
      // A daemon of another version drops from the record that its Job has ended.
      if (stored.some(hasEnded)) return;
      const { beforeJob } = recordIn(view.stored("nodes", name)) as { beforeJob?: { is?: string } };
      if (beforeJob?.is !== "ended") violate(promise, `${name} reboots without it`, name);
    },
  };
}

function isInCycle(phase: string | undefined): boolean {
  return phase === "Draining" || phase === "Rebooting" || phase === "Returning" || phase === "Restoring";
}

function hasEnded(job: KubeObject): boolean {
  return list(at(job, "status", "conditions")).some((one) =>
    /^(Complete|Failed)$/.test(String(at(one, "type"))),
  );
}
