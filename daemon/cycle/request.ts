import { contract } from "../annotations/names.ts";
import { parseRequest, type RebootRequest } from "../annotations/reboot-request.ts";
import { labelRequest, type RequestLabel, withoutLabelRequest } from "../annotations/request-label.ts";
import type { Need } from "../host/need/need.ts";
import type { NodeFacts } from "./observation.ts";
import { type CycleRecord, isHeldBack } from "./record.ts";

const knownMaxChars = 200;
/** Between an annotation and a label that both request the reboot; {@link annotationText} has no line break. */
const separator = "\n";
/**
 * A person or program that writes a new request every minute neither reboots a node all the time nor lifts
 * its limits all the time.
 */
const acceptAgainMs = 3_600_000;

/** Requests of others on a Node: the annotation, and the label as {@link labelRequest} reads it. */
export interface Requested {
  annotation: string | undefined;
  label?: string | undefined;
}

/** The requests that a Node carries now. */
export function requestedOn(
  node: Pick<NodeFacts, "requested" | "labels"> | undefined,
  label: RequestLabel | undefined,
): Requested {
  return { annotation: node?.requested, label: labelRequest(label, node?.labels) };
}

/** A request is a need also where the host knows of none, or cannot tell. */
export function withRequest(host: Need, { annotation, label }: Requested): Need {
  const annotated = parseRequest(annotation);
  const asked = [
    ...(annotated === undefined ? [] : [reasonOf(annotated)]),
    ...(label === undefined ? [] : [`requested by label ${label}`]),
  ];
  if (asked.length === 0) return host;
  const text = annotated === undefined ? "" : annotationText(annotation);
  const request = label === undefined ? text : `${text}${separator}${label}`;
  if (host.state === "needed") {
    // Somebody wants the reboot, even where the host could wait.
    const { urgency: _, ...need } = host;
    return { ...need, reasons: [...asked, ...host.reasons], request };
  }
  return { state: "needed", source: annotated === undefined ? "label" : "request", reasons: asked, request };
}

function reasonOf({ reason, fault }: RebootRequest): string {
  return `requested${reason === undefined ? "" : `: ${reason}`}${fault === undefined ? "" : ` (${fault})`}`;
}

/** Tells whether nothing but a request on the Node needs the reboot. */
export function isRequestAlone(need: { source: string } | undefined): boolean {
  return need?.source === "request" || need?.source === "label";
}

/** The beginning of the annotation, which the record keeps so that the request is known again. */
export function annotationText(annotation: string | undefined): string {
  return (annotation ?? "").slice(0, knownMaxChars).replaceAll(separator, " ");
}

/** The two parts of a request as the record keeps it; an annotation alone has no separator. */
export function partsOfRequest(request: string | undefined): {
  annotation: string | undefined;
  label: string | undefined;
} {
  const [annotation, label] = request?.split(separator) ?? [];
  return { annotation: annotation || undefined, label };
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
  const { annotation } = partsOfRequest(request);
  const isServed = requested !== undefined && annotationText(requested) === annotation;
  return isServed ? { [contract.request.key]: null } : {};
}

/** The same for the label: programs see by that, and by the new boot ID, that their reboot is done. */
export function servedLabel(
  { request }: Pick<CycleRecord, "request">,
  { labels }: Pick<NodeFacts, "labels">,
  label: RequestLabel | undefined,
): Record<string, null> {
  const served = partsOfRequest(request).label;
  return labelRequest(label, labels) === served ? withoutLabelRequest(label, labels) : {};
}
