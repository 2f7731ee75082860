/** Whether the page is live, and how old its state is. Pure. */
import { span } from "./times.ts";

export interface Connection {
  /** When the stream was lost; undefined while it is open. */
  lostAt: number | undefined;
  /** The cluster does not answer the server: as a sentence. */
  trouble: string | undefined;
  /** When the server has seen the state that is shown. */
  seenAt: number | undefined;
}

/** A lost stream is often back within this time. */
const lostMs = 5000;

/** The sentence for a person, once the state that is shown is old; undefined while it is not. */
export function outageText({ lostAt, trouble }: Connection, now: number): string | undefined {
  if (lostAt === undefined) return trouble;
  return now - lostAt < lostMs ? undefined : "rebootd ui does not answer. Is it still running?";
}

export function connectionText(
  { lostAt, trouble, seenAt }: Connection,
  now: number,
): ["wait" | "live" | "old", string] {
  const age = seenAt === undefined ? "" : span(now - seenAt);
  if (lostAt !== undefined) {
    const old = seenAt === undefined ? "" : ` · data ${age} old`;
    return ["old", `Reconnecting for ${span(now - lostAt)}${old}`];
  }
  if (trouble !== undefined)
    return ["old", seenAt === undefined ? "No answer" : `No answer · data ${age} old`];
  return seenAt === undefined ? ["wait", "Connecting…"] : ["live", `Live · changed ${age} ago`];
}
