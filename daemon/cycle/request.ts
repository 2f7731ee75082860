import { reasonAfter, reasonAlone, wishIn, writeWish } from "../annotations/value.ts";
import type { Need } from "../host/need/need.ts";
import type { NodeFacts } from "./observation.ts";
import { type CycleRecord, isHeldBack } from "./record.ts";

/** On a Node: somebody wants it to reboot. Taken away once the reboot is proved. */
export const requestedAnnotation = "rebootd.dev/reboot-requested";

export interface RebootRequest {
  reason?: string;
  /** Nothing that says "later" counts: not the window, not alerts. */
  urgent: boolean;
  /** What was perhaps meant otherwise than it is taken. */
  fault?: string;
}

const knownMaxChars = 200;
/** Whoever writes a new request every minute neither reboots a node all the time nor lifts its limits all the time. */
const acceptAgainMs = 3_600_000;

const notUrgent = 'it is not urgent; that is written as "urgent: why"';

/**
 * `true`, or why, or `true: why`; `urgent` or `urgent: why` does not wait for better times. A word for no, such as `false`, and
 * nothing are no request. Where urgency seems to be meant, `fault` says that it is not understood.
 */
export function parseRequest(annotation: string | undefined): RebootRequest | undefined {
  const text = wishIn(annotation);
  if (text === undefined) return undefined;
  const [isUrgent, reason] = /^urgent\s*(?::(.*))?$/is.exec(text) ?? [];
  if (isUrgent !== undefined) return { urgent: true, ...reasonAfter(reason) };
  return { urgent: false, ...reasonAlone(text), ...(/^urgent\b/i.test(text) && { fault: notUrgent }) };
}

/** What {@link parseRequest} reads. */
export function writeRequest({ urgent, reason }: RebootRequest): string {
  return writeWish(urgent ? "urgent" : undefined, reason, (text, meant) => {
    const read = parseRequest(text);
    return read?.reason === meant && !read.urgent && read.fault === undefined;
  });
}

/** A request is a need also where the host knows of none, or cannot tell. */
export function withRequest(host: Need, annotation: string | undefined): Need {
  const asked = parseRequest(annotation);
  if (annotation === undefined || asked === undefined) return host;
  const { reason, fault } = asked;
  const why = `requested${reason === undefined ? "" : `: ${reason}`}${fault === undefined ? "" : ` (${fault})`}`;
  const request = requestText(annotation);
  if (host.state === "needed") return { ...host, reasons: [why, ...host.reasons], request };
  return { state: "needed", source: "request", reasons: [why], request };
}

/** So much of it is in the record, to know it again. */
export function requestText(annotation: string): string {
  return annotation.slice(0, knownMaxChars);
}

/**
 * Until when a new request is not heeded, in milliseconds since the epoch; undefined where it is heeded at once, or is none. One that only
 * says otherwise what is waited for takes nothing that the one before has not had.
 */
export function acceptedFrom(
  record: CycleRecord,
  request: string | undefined,
  now: number,
): number | undefined {
  if (request === undefined || request === record.request || record.acceptedAt === undefined)
    return undefined;
  const from = Date.parse(record.acceptedAt) + acceptAgainMs;
  const asksForMore = record.request === undefined || isHeldBack(record);
  return asksForMore && now < from ? from : undefined;
}

/** The annotation is taken away once it is served, unless somebody has asked anew meanwhile. */
export function servedRequest(
  { request }: Pick<CycleRecord, "request">,
  { requested }: Pick<NodeFacts, "requested">,
): Record<string, null> {
  const isServed = requested !== undefined && requestText(requested) === request;
  return isServed ? { [requestedAnnotation]: null } : {};
}
