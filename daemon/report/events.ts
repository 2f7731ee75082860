import type { Api } from "../cluster/api.ts";
import { paths } from "../cluster/paths.ts";
import { oneLine } from "../text/one-line.ts";
import type { Clock } from "../time/clock.ts";

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

/** The API counts bytes where it speaks of characters: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ */
const noteMaxBytes = 1024;
const instanceMaxBytes = 128;
/** Leaves room for the time in the 253 that a name may have. */
const nameMaxChars = 230;

/**
 * Events on the own Node, as `kubectl describe node` shows them. They are called NODE.TIME, in nanoseconds and hexadecimal, as client-go
 * calls them: the new form of events has no lastTimestamp, so those who list them have nothing else to sort by.
 */
export function createNodeEvents({
  api,
  clock,
  nodeName,
  instance,
  onError,
  signal,
}: EventOptions): NodeEvents {
  const about = nodeName.slice(0, nameMaxChars).replace(/[.-]+$/, "");
  let lastNs = 0n;
  return {
    emit(type, reason, note) {
      const now = clock.wall();
      const nowNs = BigInt(Math.round(now * 1000)) * 1000n;
      lastNs = nowNs > lastNs ? nowNs : lastNs + 1n;
      const event = {
        apiVersion: "events.k8s.io/v1",
        kind: "Event",
        // An event about an object without namespace belongs into the namespace default.
        metadata: { name: `${about}.${lastNs.toString(16)}`, namespace: "default" },
        eventTime: new Date(now).toISOString().replace("Z", "000Z"),
        type,
        reason,
        action: reason,
        note: cut(oneLine(note), noteMaxBytes),
        regarding: { apiVersion: "v1", kind: "Node", name: nodeName, uid: nodeName },
        reportingController: "rebootd.dev/daemon",
        reportingInstance: cut(instance, instanceMaxBytes),
      };
      api.create(paths.events("default"), event, { signal }).catch((error: unknown) => {
        if (!signal.aborted) onError(error);
      });
    },
  };
}

/** The beginning, up to the last whole character that fits. */
function cut(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= bytesMax) return text;
  let end = bytesMax;
  // In UTF-8 such a byte goes on with a character that has begun before it.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString("utf8", 0, end);
}
