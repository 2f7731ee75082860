/** A moment, in milliseconds since the epoch, as records and annotations have it: RFC 3339 in UTC with milliseconds. */
export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** The same for people, as kubectl shows times. */
export function toTheSecond(ms: number): string {
  return `${iso(ms).slice(0, 19)}Z`;
}
