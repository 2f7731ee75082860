import { contract } from "../annotations/names.ts";
import { parseRequest } from "../annotations/reboot-request.ts";
import type { Need } from "../host/need/need.ts";
import type { NodeFacts } from "./observation.ts";
import { type CycleRecord, isHeldBack } from "./record.ts";

const knownMaxChars = 200;
/**
 * A person or program that writes a new request every minute neither reboots a node all the time nor lifts
 * its limits all the time.
 */
const acceptAgainMs = 3_600_000;

/** A request is a need also where the host knows of none, or cannot tell. */
export function withRequest(host: Need, annotation: string | undefined): Need {
  const asked = parseRequest(annotation);
  if (annotation === undefined || asked === undefined) return host;
  const { reason, fault } = asked;
  const why = `requested${reason === undefined ? "" : `: ${reason}`}${fault === undefined ? "" : ` (${fault})`}`;
  const request = requestText(annotation);
  if (host.state === "needed") {
    // Somebody wants the reboot, even where the host could wait.
    const { urgency: _, ...need } = host;
    return { ...need, reasons: [why, ...host.reasons], request };
  }
  return { state: "needed", source: "request", reasons: [why], request };
}

/** The beginning of the request, which the record keeps so that the request is known again. */
export function requestText(annotation: string): string {
  return annotation.slice(0, knownMaxChars);
}

/**
 * Until when a new request is not accepted, in milliseconds since the epoch; undefined where it is accepted at
 * once, or is none. One that only says otherwise what is waited for takes nothing that the one before has
 * not had.
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
  return isServed ? { [contract.request.key]: null } : {};
}
