/** What a daemon of another version makes of the record: it drops what it does not know, and adds a field of its own. */

/** Of the record as it was before this one. */
const known = [
  "version",
  "phase",
  "since",
  "need",
  "bootID",
  "cordoned",
  "announced",
  "labels",
  "taint",
  "request",
  "attempt",
  "reboots",
  "failures",
  "reasons",
  "outcome",
];
const annotation = "rebootd.dev/cycle";

/** The body of a request, as that version would have sent it. */
export function asOtherVersion(body: string): string {
  const sent = JSON.parse(body) as { metadata?: { annotations?: Record<string, unknown> } };
  const record = sent.metadata?.annotations?.[annotation];
  if (typeof record !== "string") return body;
  const fields = Object.entries(JSON.parse(record) as object).filter(([name]) => known.includes(name));
  const annotations = {
    ...sent.metadata?.annotations,
    [annotation]: JSON.stringify({ ...Object.fromEntries(fields), mood: "from another version" }),
  };
  return JSON.stringify({ ...sent, metadata: { ...sent.metadata, annotations } });
}
