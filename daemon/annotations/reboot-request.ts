import { reasonAfter, reasonAlone, requestIn, writeReason } from "./value.ts";

export interface RebootRequest {
  reason?: string;
  /** Nothing that says "later" counts: not the window, not alerts. */
  urgent: boolean;
  /** A part of the value that may have another meaning than its writer intended. */
  fault?: string;
}

const notUrgent = 'it is not urgent; that is written as "urgent: why"';

/**
 * `true`, or why, or `true: why`; `urgent` or `urgent: why` does not wait for better times. A word for no,
 * such as `false`, and nothing are no request. Where urgency seems to be meant, `fault` says that it is not
 * understood.
 */
export function parseRequest(annotation: string | undefined): RebootRequest | undefined {
  const text = requestIn(annotation);
  if (text === undefined) return undefined;
  const [isUrgent, reason] = /^urgent\s*(?::(.*))?$/is.exec(text) ?? [];
  if (isUrgent !== undefined) return { urgent: true, ...reasonAfter(reason) };
  return { urgent: false, ...reasonAlone(text), ...(/^urgent\b/i.test(text) && { fault: notUrgent }) };
}

/** The text that {@link parseRequest} reads. */
export function writeRequest({ urgent, reason }: RebootRequest): string {
  return writeReason(urgent ? "urgent" : undefined, reason, (text, meant) => {
    const read = parseRequest(text);
    return read?.reason === meant && !read.urgent && read.fault === undefined;
  });
}
