/** READY, STATUS and RESTARTS of a pod, after the pod printer of kube-apiserver. */
import { formatAge } from "../age.ts";
import type { Column } from "../column.ts";
import { at, type Fields, fields, type KubeObject, list, number, text } from "../object.ts";

interface Summary {
  ready: string;
  status: string;
  restarts: string;
}

export const podColumns: Column[] = [
  { name: "Ready", cell: (pod, now) => summarize(pod, now).ready },
  { name: "Status", cell: (pod, now) => summarize(pod, now).status },
  { name: "Restarts", cell: (pod, now) => summarize(pod, now).restarts },
  { name: "Age", cell: ({ metadata }, now) => formatAge(now - Date.parse(metadata.creationTimestamp)) },
  { name: "IP", priority: 1, cell: (pod) => text(at(pod, "status", "podIP")) || "<none>" },
  { name: "Node", priority: 1, cell: (pod) => text(at(pod, "spec", "nodeName")) || "<none>" },
  {
    name: "Nominated Node",
    priority: 1,
    cell: (pod) => text(at(pod, "status", "nominatedNodeName")) || "<none>",
  },
  { name: "Readiness Gates", priority: 1, cell: readinessGates },
];

export function summarize(pod: KubeObject, now: number): Summary {
  const statuses = list(at(pod, "status", "containerStatuses")).map(fields);
  const total = list(at(pod, "spec", "containers")).length;
  let restarts = 0;
  let lastRestart = 0;
  let ready = 0;
  let isRunning = false;
  let status = text(at(pod, "status", "reason")) || text(at(pod, "status", "phase"));
  for (const container of statuses.toReversed()) {
    restarts += number(container["restartCount"]);
    const ended = Date.parse(text(at(container, "lastState", "terminated", "finishedAt")));
    if (ended > lastRestart) lastRestart = ended;
    const reason = stateReason(container);
    if (reason) {
      status = reason;
    } else if (container["ready"] === true && at(container, "state", "running")) {
      isRunning = true;
      ready++;
    }
  }
  if (status === "Completed" && isRunning) status = isReady(pod) ? "Running" : "NotReady";
  if (pod.metadata.deletionTimestamp) {
    status = at(pod, "status", "reason") === "NodeLost" ? "Unknown" : terminating(status);
  }
  const since = lastRestart > 0 && restarts > 0 ? ` (${formatAge(now - lastRestart)} ago)` : "";
  return { ready: `${ready}/${total}`, status, restarts: `${restarts}${since}` };
}

/** A pod that has ended keeps its last word while it is being removed. */
const terminating = (status: string) =>
  ["Succeeded", "Failed", "Completed", "Error"].includes(status) ? status : "Terminating";

function stateReason(container: Fields): string | undefined {
  const { waiting, terminated } = fields(container["state"]) as { waiting?: Fields; terminated?: Fields };
  if (text(waiting?.["reason"])) return text(waiting?.["reason"]);
  if (!terminated) return undefined;
  if (text(terminated["reason"])) return text(terminated["reason"]);
  const signal = number(terminated["signal"]);
  return signal ? `Signal:${signal}` : `ExitCode:${number(terminated["exitCode"])}`;
}

export function isReady(pod: KubeObject): boolean {
  return list(at(pod, "status", "conditions")).some(
    (condition) => at(condition, "type") === "Ready" && at(condition, "status") === "True",
  );
}

function readinessGates(pod: KubeObject): string {
  const gates = list(at(pod, "spec", "readinessGates")).map((gate) => at(gate, "conditionType"));
  if (gates.length === 0) return "<none>";
  const conditions = list(at(pod, "status", "conditions"));
  const open = gates.filter((gate) =>
    conditions.some((condition) => at(condition, "type") === gate && at(condition, "status") === "True"),
  );
  return `${open.length}/${gates.length}`;
}
