/** The text of `rebootd forecast`. Pure. */
import type { Forecast, ForecastWindow, NodeForecast } from "../forecast/result.ts";
import { wrapCells } from "../text/cells.ts";
import { count } from "../text/count.ts";
import { durationText } from "../time/duration.ts";
import { type Cell, paintedTable } from "./table.ts";
import { paint, type Terminal, type Text, unpainted } from "./terminal.ts";

export interface ForecastLook {
  /** The IANA name of the zone whose clock the times are of. */
  zone: string;
  /** Nodes that need no reboot are shown too, as they were asked for. */
  isNamed: boolean;
  terminal: Pick<Terminal, "columns">;
  /** Milliseconds since the epoch. */
  now: number;
}

const windowsShownMax = 10;
const textCellsMin = 20;

/** A summary, a table of nodes in the order in which they go, the windows until then, and the assumptions. */
export function forecastText(forecast: Forecast, look: ForecastLook): Text {
  const { nodes, windows, assumptions } = forecast;
  const going = nodes.filter(hasStart).sort((a, b) => a.startsAt.localeCompare(b.startsAt));
  const never = nodes.filter((one) => !hasStart(one) && (look.isNamed || one.isNeeded));
  const texts = createTimes(look, forecast.until);
  const rows = [
    ...going.map((one): Cell[] => [
      one.node,
      texts.day(one.startsAt),
      texts.away(one.startsAt),
      one.endsAt && texts.near(one.endsAt, one.startsAt),
      whyText(one, texts),
    ]),
    ...never.map((one): Cell[] => [one.node, undefined, undefined, undefined, whyText(one, texts)]),
  ];
  const last = going
    .map(({ endsAt, startsAt }) => endsAt ?? startsAt)
    .sort()
    .at(-1);
  const parts: Text[] = [
    summary(forecast, going, never, texts).map((line) => wrapped(line, "", look)),
    paintedTable(["NODE", "STARTS", "IN", "ENDS", "WHY"], rows, look.terminal),
    windowTable(windows, going, last, texts, look),
    [paint("heading", "ASSUMED"), "\n", ...assumptions.map((one) => wrapped(one, "- ", look))],
  ];
  return parts
    .filter((part) => unpainted(part) !== "")
    .flatMap((part, index) => (index === 0 ? [part] : ["\n", part]));
}

/** Lines of a sentence, as long as the terminal is wide. */
function wrapped(text: string, bullet: string, { terminal: { columns } }: ForecastLook): string {
  const lines =
    columns === undefined ? [text] : wrapCells(text, Math.max(textCellsMin, columns - bullet.length));
  return lines.map((line, index) => `${index === 0 ? bullet : " ".repeat(bullet.length)}${line}\n`).join("");
}

type Going = NodeForecast & { startsAt: string };

function hasStart(one: NodeForecast): one is Going {
  return one.startsAt !== undefined;
}

function whyText({ lot, why, startsAt = "" }: NodeForecast, texts: Times): string {
  const near = (time: string) => texts.near(time, startsAt);
  // A lot that reaches the end of the forecast may as well be drawn after it.
  const to = (latest: string) => (latest === texts.until ? "on" : `to ${near(latest)}`);
  const range = lot === undefined ? [] : [`by lot from ${near(lot.earliest)} ${to(lot.latest)}`];
  return [...range, ...why].join("; ");
}

/** Says whether all fit into the first window, when the last one is done, and how many do not start at all. */
function summary(
  { windows, from, until }: Forecast,
  going: readonly Going[],
  never: readonly NodeForecast[],
  texts: Times,
): string[] {
  if (going.length + never.length === 0) return ["no node needs a reboot"];
  const days = Math.round((Date.parse(until) - Date.parse(from)) / 86_400_000);
  const none = count(never.length, "node does not start", "nodes do not start");
  const late = never.length === 0 ? [] : [`${none} within ${count(days, "day")}`];
  const [first] = going;
  if (first === undefined) return late;
  const last = going.reduce((one, other) => ((other.endsAt ?? until) > (one.endsAt ?? until) ? other : one));
  const end =
    last.endsAt === undefined
      ? "the last one is not done by then"
      : `the last one is done ${texts.day(last.endsAt)}`;
  const some = `${count(going.length, "node reboots", "nodes reboot")}: the first one starts ${texts.day(first.startsAt)}, ${end}`;
  const window = windows.find(({ closesAt }) => closesAt > first.startsAt);
  if (window === undefined) return [some, ...late];
  const fit = going.filter(({ endsAt }) => endsAt !== undefined && endsAt <= window.closesAt).length;
  const which = `the window from ${texts.day(window.opensAt)} to ${texts.day(window.closesAt)}`;
  return [some, `${fit} of ${going.length + never.length} fit into ${which}`, ...late];
}

function windowTable(
  windows: readonly ForecastWindow[],
  going: readonly Going[],
  last: string | undefined,
  texts: Times,
  { terminal }: ForecastLook,
): Text {
  const used = windows.filter(({ opensAt }, index) => index === 0 || (last !== undefined && opensAt <= last));
  const hasKinds = windows.some(({ of }) => of !== undefined);
  const startsIn = ({ opensAt, closesAt }: ForecastWindow) =>
    going.filter(({ startsAt }) => startsAt >= opensAt && startsAt < closesAt).length;
  const rows = used
    .slice(0, windowsShownMax)
    .map((one) => [
      texts.day(one.opensAt),
      texts.day(one.closesAt),
      String(startsIn(one)),
      ...(hasKinds ? [one.of] : []),
    ]);
  const more = used.length - rows.length;
  const headings = ["WINDOW OPENS", "CLOSES", "STARTS", ...(hasKinds ? ["OF"] : [])];
  const table = paintedTable(headings, rows, terminal);
  return more > 0 ? [table, `and ${count(more, "window")} more until the last one\n`] : table;
}

interface Times {
  /** The end of the forecast. */
  until: string;
  /** "Tue 2026-11-24 22:00 UTC". */
  day(time: string): string;
  /** "10h" from now; undefined if it has passed. */
  away(time: string): string | undefined;
  /** "22:10" on the day of that other time, else like `day`. */
  near(time: string, other: string): string;
}

function createTimes({ zone, now }: ForecastLook, until: string): Times {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    weekday: "short",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZoneName: "short",
  });
  const partsOf = (time: string) => {
    const parts = format.formatToParts(Date.parse(time));
    const of = (type: string) => parts.find((part) => part.type === type)?.value ?? "";
    const day = `${of("weekday")} ${of("year")}-${of("month")}-${of("day")}`;
    return { day, hour: `${of("hour")}:${of("minute")} ${of("timeZoneName")}` };
  };
  return {
    until,
    day(time) {
      const { day, hour } = partsOf(time);
      return `${day} ${hour}`;
    },
    away(time) {
      const seconds = Math.floor((Date.parse(time) - now) / 1000);
      return seconds < 0 ? undefined : durationText(seconds);
    },
    near(time, other) {
      const { day, hour } = partsOf(time);
      return partsOf(other).day === day ? hour.slice(0, 5) : `${day} ${hour}`;
    },
  };
}
