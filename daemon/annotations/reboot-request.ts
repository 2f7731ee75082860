import { reasonAfter, reasonAlone, requestIn, writeReason } from "./value.ts";

export interface RebootRequest {
  reason?: string;
  /** The request ignores gates such as windows and alerts. */
  urgent: boolean;
  /** A sentence about a text that was perhaps meant otherwise. */
  fault?: string;
}

const notUrgent = 'it is not urgent; that is written as "urgent: why"';

/**
 * Reads `true`, a reason, or `true: reason`; for an urgent request `urgent` or `urgent: reason`. An empty
 * annotation or a word for no, such as `false`, is no request. If the text seems to mean urgency, `fault`
 * says that it is not understood.
 */
export function parseRequest(annotation: string | undefined): RebootRequest | undefined {
  const text = requestIn(annotation);
  if (text === undefined) return undefined;
  const [isUrgent, reason] = /^urgent\s*(?::(.*))?$/is.exec(text) ?? [];
  if (isUrgent !== undefined) return { urgent: true, ...reasonAfter(reason) };
  return { urgent: false, ...reasonAlone(text), ...(/^urgent\b/i.test(text) && { fault: notUrgent }) };
}

/** The text that {@link parseRequest} reads back. */
export function writeRequest({ urgent, reason }: RebootRequest): string {
  return writeReason(urgent ? "urgent" : undefined, reason, (text, meant) => {
    const read = parseRequest(text);
    return read?.reason === meant && !read.urgent && read.fault === undefined;
  });
}
