/** The pods of a storm, for its scenario. */
import { holder } from "../../kubernetes/controllers/budget-holder.ts";
import { podStopAnnotation } from "../../kubernetes/machines/pods.ts";
import type { Workload } from "../../kubernetes/workloads.ts";
import { stoppedApp } from "../../promises/evicted-pods.ts";
import type { Scenario } from "./scenario.ts";
import { singleOf } from "./single.ts";

export function workloadsOf({
  replicas,
  tolerating = 0,
  held = 0,
  slow,
  stops,
  single,
}: Scenario): Workload[] {
  const operator = {
    name: "operator",
    replicas: tolerating,
    spec: { tolerations: [{ operator: "Exists" }] },
  };
  const database = {
    name: "database",
    replicas: held,
    budget: { minAvailable: "100%" },
    budgetOwner: holder,
  };
  const job = slow && {
    name: "job",
    replicas: slow.replicas,
    annotations: { [podStopAnnotation]: String(slow.stopSeconds) },
    spec: { terminationGracePeriodSeconds: slow.graceSeconds },
  };
  const others: Workload[] = [...(job ? [job] : []), ...(single ? [singleOf(single)] : [])];
  const made = [{ name: "web", replicas }, operator, database, ...others].filter(
    ({ replicas = 0 }: Workload) => replicas > 0,
  );
  return stops ? [...made, { name: stoppedApp }] : made;
}
