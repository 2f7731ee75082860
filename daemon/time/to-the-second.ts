/** A moment, in milliseconds since the epoch, for people: RFC 3339 in UTC, as kubectl shows times. */
export function toTheSecond(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
