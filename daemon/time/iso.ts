/** A time (milliseconds since the epoch) for records and annotations: RFC 3339 in UTC with milliseconds. */
export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** The same for people, with seconds only, as in kubectl. */
export function toTheSecond(ms: number): string {
  return `${iso(ms).slice(0, 19)}Z`;
}
