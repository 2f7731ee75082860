import { prefix } from "../annotations/names.ts";
import { type Api, isApiError } from "../cluster/api.ts";
import { paths } from "../cluster/paths.ts";
import { oneLine } from "../text/one-line.ts";
import type { Clock } from "../time/clock.ts";
import { iso } from "../time/iso.ts";
import { createEventLimits } from "./event-limits.ts";
import { type About, type Event, typeOf } from "./events.ts";
import type { Metrics } from "./metrics.ts";

export interface EventWriter {
  /**
   * Best effort: an event that repeats the last ones, is one too many, or cannot be written is dropped, and
   * counted.
   */
  emit(event: Event): void;
}

export interface EventOptions {
  api: Api;
  clock: Clock;
  metrics: Pick<Metrics, "events" | "eventsDropped">;
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
const apiVersions = { Pod: "v1", PodDisruptionBudget: "policy/v1" } as const satisfies Record<
  About["kind"],
  string
>;

/**
 * Events on the own Node, and on pods and budgets, as `kubectl describe` shows them. Their names are
 * OBJECT.TIME, in hexadecimal nanoseconds, as in client-go: events.k8s.io/v1 has no lastTimestamp, so a list
 * has only the name to sort by.
 */
export function createEventWriter({
  api,
  clock,
  metrics,
  nodeName,
  instance,
  onError,
  signal,
}: EventOptions): EventWriter {
  const limits = createEventLimits(clock);
  const node = { apiVersion: "v1", kind: "Node", name: nodeName, uid: nodeName };
  let lastNs = 0n;

  async function write({ level, reason, action, note, about }: Event): Promise<void> {
    const now = clock.wall();
    const nowNs = BigInt(Math.round(now * 1000)) * 1000n;
    lastNs = nowNs > lastNs ? nowNs : lastNs + 1n;
    const name = (about?.name ?? nodeName).slice(0, nameMaxChars).replace(/[.-]+$/, "");
    // Events about an object without a namespace belong to the namespace default.
    const namespace = about?.namespace ?? "default";
    const event = {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name: `${name}.${lastNs.toString(16)}`, namespace },
      eventTime: iso(now).replace("Z", "000Z"),
      type: typeOf(level),
      reason,
      action,
      note: cutBytes(oneLine(note), noteMaxBytes),
      regarding: about === undefined ? node : { apiVersion: apiVersions[about.kind], ...about },
      // The policies let a daemon write about other objects only if it says on which node it is.
      ...(about !== undefined && { related: node }),
      reportingController: `${prefix}daemon`,
      reportingInstance: cutBytes(instance, instanceMaxBytes),
    };
    await api.create(paths.events(namespace), event, { signal });
  }

  return {
    emit(event) {
      const { reason, note, about, topic = note, isImplied } = event;
      metrics.events.inc({ reason });
      if (isImplied) return;
      const key = JSON.stringify([about?.kind, about?.namespace, about?.name, reason, topic]);
      if (!limits.admits(about === undefined ? "node" : "others", key)) return metrics.eventsDropped.inc();
      write(event).catch((error: unknown) => {
        if (signal.aborted || isApiError(error, "not-granted")) return;
        metrics.eventsDropped.inc();
        onError(error);
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
