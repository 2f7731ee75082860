import type { Need } from "../host/need.ts";
import { reasonIn, wishIn, writeWish } from "../wish.ts";
import type { CycleRecord } from "./record.ts";
import type { NodeFacts } from "./seen.ts";

/** On a Node: somebody wants it to reboot. Taken away once the reboot is proved. */
export const requestedAnnotation = "rebootd.dev/reboot-requested";

export interface RebootRequest {
  reason?: string;
  /** Nothing that says "later" counts: not the window, not alerts. */
  urgent: boolean;
}

/** So much of the annotation is in the record, to know it again. */
const knownMaxChars = 200;

/**
 * "true", or why; "urgent" or "urgent: why" does not wait for better times. "false" and nothing are no request.
 */
export function parseRequest(annotation: string | undefined): RebootRequest | undefined {
  const text = wishIn(annotation);
  if (text === undefined) return undefined;
  const [, urgent, reason] = /^(urgent(?=$|:):?)?\s*(.*)$/s.exec(text) ?? [];
  return { urgent: urgent !== undefined, ...reasonIn(reason) };
}

/** What {@link parseRequest} reads. */
export function writeRequest({ urgent, reason }: RebootRequest): string {
  return writeWish(urgent ? "urgent" : undefined, reason);
}

/** A request is a need also where the host knows of none, or cannot tell. */
export function withRequest(host: Need, annotation: string | undefined): Need {
  const asked = parseRequest(annotation);
  if (annotation === undefined || asked === undefined) return host;
  const why = asked.reason === undefined ? "requested" : `requested: ${asked.reason}`;
  const request = annotation.slice(0, knownMaxChars);
  if (host.state === "needed") return { ...host, reasons: [why, ...host.reasons], request };
  return { state: "needed", source: "request", reasons: [why], request };
}

/** The annotation is taken away once it is served, unless somebody has asked anew meanwhile. */
export function servedRequest(
  { request }: Pick<CycleRecord, "request">,
  { requested }: Pick<NodeFacts, "requested">,
): Record<string, null> {
  const isServed = requested !== undefined && requested.slice(0, knownMaxChars) === request;
  return isServed ? { [requestedAnnotation]: null } : {};
}
