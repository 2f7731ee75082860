import type { Need } from "./need.ts";
import type { CycleRecord } from "./record.ts";
import type { NodeFacts } from "./seen.ts";

/** On a Node: somebody wants it to reboot. Taken away once the reboot is proved. */
export const requestedAnnotation = "rebootd.dev/reboot-requested";

export interface RebootRequest {
  reason?: string;
  /** Nothing that says "later" counts: not the window, not alerts. */
  urgent: boolean;
}

const reasonMaxChars = 200;

/**
 * "true", or why; "urgent" or "urgent: why" does not wait for better times. "false" and nothing are no request.
 */
export function parseRequest(annotation: string | undefined): RebootRequest | undefined {
  const text = annotation?.trim() ?? "";
  if (text === "" || text === "false") return undefined;
  const [, urgent, reason = ""] = /^(urgent(?=$|:):?)?\s*(.*)$/s.exec(text) ?? [];
  const isReason = reason !== "" && reason !== "true";
  return { urgent: urgent !== undefined, ...(isReason && { reason: reason.slice(0, reasonMaxChars) }) };
}

/** What {@link parseRequest} reads. */
export function writeRequest({ urgent, reason }: RebootRequest): string {
  const parts = [urgent ? "urgent" : undefined, reason];
  return parts.filter((part) => part !== undefined).join(": ") || "true";
}

/** A request is a need also where the host knows of none, or cannot tell. */
export function withRequest(host: Need, annotation: string | undefined): Need {
  const asked = parseRequest(annotation);
  if (annotation === undefined || asked === undefined) return host;
  const why = asked.reason === undefined ? "requested" : `requested: ${asked.reason}`;
  const request = annotation.slice(0, reasonMaxChars);
  if (host.state === "needed") return { ...host, reasons: [why, ...host.reasons], request };
  return { state: "needed", source: "request", reasons: [why], request };
}

/** The annotation is taken away once it is served, unless somebody has asked anew meanwhile. */
export function servedRequest(
  { request }: Pick<CycleRecord, "request">,
  { requested }: Pick<NodeFacts, "requested">,
): Record<string, null> {
  const isServed = requested !== undefined && requested.slice(0, reasonMaxChars) === request;
  return isServed ? { [requestedAnnotation]: null } : {};
}
