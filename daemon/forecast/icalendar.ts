/**
 * A forecast as a calendar of other programs: https://www.rfc-editor.org/rfc/rfc5545. Lines end in CRLF and have at most 75
 * bytes; a longer one goes on in the next, behind a space. Pure.
 */
import { toTheSecond } from "../time/iso.ts";
import type { Forecast, ForecastWindow } from "./result.ts";

const lineMaxBytes = 75;

interface Entry {
  /** The same in each calendar that has the entry, so that a later one replaces it. */
  uid: string;
  begins: string;
  ends: string;
  title: string;
  text: string;
  /** Others may plan something for that time. */
  isFree?: true;
}

/** `madeAt`: milliseconds since the epoch. */
export function icalendar({ nodes, windows, blackouts, assumptions }: Forecast, madeAt: number): string {
  const entries: Entry[] = [
    ...windows.map((one) => windowEntry("window", "Reboots allowed", one)),
    ...blackouts.map((one) => windowEntry("blackout", "No reboots", one)),
    ...nodes.flatMap(({ node, startsAt, endsAt = startsAt, lot, why }): Entry[] => {
      if (startsAt === undefined || endsAt === undefined) return [];
      const range =
        lot === undefined ? [] : [`By lot between ${second(lot.earliest)} and ${second(lot.latest)}.`];
      const text = [...range, ...why, "", ...assumptions.map((one) => `Assumed: ${one}.`)].join("\n");
      return [{ uid: `node-${node}`, begins: startsAt, ends: endsAt, title: `${node} reboots`, text }];
    }),
  ];
  const lines = [
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//rebootd//forecast//EN",
    ...entries.flatMap((entry) => eventLines(entry, madeAt)),
    "END:VCALENDAR",
  ];
  return lines.map((line) => `${folded(line)}\r\n`).join("");
}

function windowEntry(kind: string, title: string, { opensAt, closesAt, of }: ForecastWindow): Entry {
  const which = of === undefined ? "" : `-${of.replace(/[^A-Za-z0-9.-]+/g, "-")}`;
  return {
    uid: `${kind}-${dateTime(opensAt)}${which}`,
    begins: opensAt,
    ends: closesAt,
    title: of === undefined ? title : `${title} (${of})`,
    text: "",
    isFree: true,
  };
}

function eventLines({ uid, begins, ends, title, text, isFree }: Entry, madeAt: number): string[] {
  return [
    "BEGIN:VEVENT",
    `UID:${uid}@rebootd.dev`,
    `DTSTAMP:${dateTime(toTheSecond(madeAt))}`,
    `DTSTART:${dateTime(begins)}`,
    `DTEND:${dateTime(ends)}`,
    `SUMMARY:${escaped(title)}`,
    ...(text === "" ? [] : [`DESCRIPTION:${escaped(text)}`]),
    ...(isFree ? ["TRANSP:TRANSPARENT"] : []),
    "END:VEVENT",
  ];
}

function second(time: string): string {
  return toTheSecond(Date.parse(time));
}

/** "20261124T120000Z". */
function dateTime(time: string): string {
  return second(time).replace(/[-:]/g, "");
}

/** Section 3.3.11; other control characters are not allowed in a text. */
function escaped(text: string): string {
  return text
    .replace(/[\\;,]/g, (one) => `\\${one}`)
    .replace(/\r?\n/g, "\\n")
    .replace(/\p{Cc}/gu, " ");
}

/** Section 3.1. A character is never cut. */
function folded(line: string): string {
  let [result, bytes] = ["", 0];
  for (const character of line) {
    const size = Buffer.byteLength(character);
    if (bytes + size > lineMaxBytes) {
      result += "\r\n ";
      bytes = 1;
    }
    result += character;
    bytes += size;
  }
  return result;
}
