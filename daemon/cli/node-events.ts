import { type Api, isApiError } from "../cluster/api.ts";
import { pagesOf } from "../cluster/pages.ts";
import { type Kept, kept } from "../cluster/parts.ts";
import { paths } from "../cluster/paths.ts";
import { oneLine, shortLine } from "../text/one-line.ts";
import { age } from "./table.ts";

/** The parts of an event of core/v1 that are shown, as `kubectl describe` reads them. */
interface CoreEvent {
  type?: string;
  reason?: string;
  message?: string;
  count?: number;
  eventTime?: string;
  firstTimestamp?: string;
  lastTimestamp?: string;
  series?: { count?: number; lastObservedTime?: string };
  reportingComponent?: string;
  source?: { component?: string };
}

const partsOfEvent = {
  type: true,
  reason: true,
  message: true,
  count: true,
  eventTime: true,
  firstTimestamp: true,
  lastTimestamp: true,
  series: { count: true, lastObservedTime: true },
  reportingComponent: true,
  source: { component: true },
} as const;

/** An event as it is shown. */
export interface NodeEvent {
  /** RFC 3339: the last time that it happened. */
  at: string | undefined;
  isWarning: boolean;
  reason: string;
  message: string;
  count: number;
  /** The program that has written it. */
  source: string;
}

export const eventsShown = 5;
/** Events of a Node live for an hour, and their names sort by time: the newest are on the last page. */
const pagesMax = 4;
const messageMaxChars = 300;

/**
 * The last events about a Node, oldest first, by whatever program; undefined if they may not be listed. Events
 * about an object without a namespace are in the namespace default.
 * https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
 */
export async function readNodeEvents(
  api: Api,
  node: string,
  signal: AbortSignal,
): Promise<readonly NodeEvent[] | undefined> {
  const query = { fieldSelector: `involvedObject.kind=Node,involvedObject.name=${node}` };
  const found: NodeEvent[] = [];
  let pages = 0;
  try {
    for await (const { items } of pagesOf<CoreEvent>(api, paths.coreEvents("default"), { signal, query })) {
      found.push(...items.map((item) => shownEvent(kept(item, partsOfEvent))));
      pages += 1;
      if (pages === pagesMax) break;
    }
  } catch (error) {
    if (isApiError(error, "forbidden")) return undefined;
    // A server without the namespace, or without events, has none of the node.
    if (isApiError(error, "not-found")) return [];
    throw error;
  }
  const time = ({ at }: NodeEvent) => Date.parse(at ?? "") || 0;
  return found.sort((a, b) => time(a) - time(b)).slice(-eventsShown);
}

function shownEvent(event: Kept<CoreEvent, typeof partsOfEvent>): NodeEvent {
  const { series, count, source, reportingComponent } = event;
  return {
    at: series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp,
    isWarning: event.type === "Warning",
    reason: event.reason ?? "",
    message: event.message ?? "",
    count: series?.count ?? count ?? 1,
    source: reportingComponent || source?.component || "",
  };
}

/** Pure: lines for people; the first one says what follows. */
export function eventLines(events: readonly NodeEvent[] | undefined, now: number): string[] {
  if (events === undefined) return ["its events are not shown: you may not list events in namespace default"];
  if (events.length === 0) return [];
  const lines = events.map(({ at, isWarning, reason, message, count, source }) => {
    const times = count > 1 ? `, ${count} times` : "";
    const kind = isWarning ? "Warning " : "";
    const when = age(at, now);
    return `  ${when === undefined ? "" : `${when} ago${times}: `}${kind}${oneLine(reason)} (${oneLine(source)}): ${shortLine(message, messageMaxChars)}`;
  });
  return ["last events of the node:", ...lines];
}
