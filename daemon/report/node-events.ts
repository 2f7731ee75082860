import { prefix } from "../annotations/names.ts";
import type { Api } from "../cluster/api.ts";
import { paths } from "../cluster/paths.ts";
import { oneLine } from "../text/one-line.ts";
import type { Clock } from "../time/clock.ts";
import { iso } from "../time/iso.ts";
import type { Event } from "./events.ts";

export interface NodeEvents {
  /** Best effort: an event that cannot be written is dropped and reported to `onError`. */
  emit(event: Event): void;
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

/**
 * The documentation says characters, but the API counts bytes:
 * https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
 */
const noteMaxBytes = 1024;
const instanceMaxBytes = 128;
/** Leaves room for the time: a name has at most 253 characters. */
const nameMaxChars = 230;

/**
 * Events on the own Node, shown by `kubectl describe node`. Their names are NODE.TIME, in hexadecimal
 * nanoseconds, as in client-go: events.k8s.io/v1 has no lastTimestamp, so a list has only the name to sort
 * by.
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
    emit({ type, reason, note }) {
      const now = clock.wall();
      const nowNs = BigInt(Math.round(now * 1000)) * 1000n;
      lastNs = nowNs > lastNs ? nowNs : lastNs + 1n;
      const event = {
        apiVersion: "events.k8s.io/v1",
        kind: "Event",
        // Events about an object without a namespace belong to the namespace default.
        metadata: { name: `${about}.${lastNs.toString(16)}`, namespace: "default" },
        eventTime: iso(now).replace("Z", "000Z"),
        type,
        reason,
        action: reason,
        note: cutBytes(oneLine(note), noteMaxBytes),
        regarding: { apiVersion: "v1", kind: "Node", name: nodeName, uid: nodeName },
        reportingController: `${prefix}daemon`,
        reportingInstance: cutBytes(instance, instanceMaxBytes),
      };
      api.create(paths.events("default"), event, { signal }).catch((error: unknown) => {
        if (!signal.aborted) onError(error);
      });
    },
  };
}

/** The text up to the last whole character that fits. */
function cutBytes(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= bytesMax) return text;
  let end = bytesMax;
  // Continuation bytes of UTF-8 start with the bits 10.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString("utf8", 0, end);
}
