import type { Clock } from "../clock.ts";
import type { Api } from "../cluster/api.ts";
import { paths } from "../cluster/objects.ts";

export interface NodeEvents {
  /** Best effort: an event that cannot be written is dropped, and `onError` is told. */
  emit(type: "Normal" | "Warning", reason: string, note: string): void;
}

export interface EventOptions {
  api: Api;
  clock: Clock;
  nodeName: string;
  /** Name of the pod or process that reports. */
  instance: string;
  onError: (error: unknown) => void;
  signal: AbortSignal;
}

/** Longest note that the API takes: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ */
const noteMaxChars = 1024;

/** Events on the own Node, as `kubectl describe node` shows them. */
export function createNodeEvents({
  api,
  clock,
  nodeName,
  instance,
  onError,
  signal,
}: EventOptions): NodeEvents {
  return {
    emit(type, reason, note) {
      const event = {
        apiVersion: "events.k8s.io/v1",
        kind: "Event",
        // An event about an object without namespace belongs into the namespace default.
        metadata: { generateName: `${nodeName.slice(0, 50).replace(/\.+$/, "")}-`, namespace: "default" },
        eventTime: new Date(clock.wall()).toISOString().replace("Z", "000Z"),
        type,
        reason,
        action: reason,
        note: note.slice(0, noteMaxChars),
        regarding: { apiVersion: "v1", kind: "Node", name: nodeName, uid: nodeName },
        reportingController: "rebootd.dev/daemon",
        reportingInstance: instance,
      };
      api.create(paths.events("default"), event, { signal }).catch((error: unknown) => {
        if (!signal.aborted) onError(error);
      });
    },
  };
}
