/** The forms of a line of the log. Pure. */
import { oneLine, plainJson } from "../text/one-line.ts";
import { iso, toTheSecond } from "../time/iso.ts";
import type { Facts } from "./log-fields.ts";
import type { LogLevel } from "./log-levels.ts";

/** One entry of the log, before it has a form. */
export interface LogEntry {
  /** Milliseconds since the epoch. */
  at: number;
  level: LogLevel;
  node: string;
  phase: string;
  message: string;
  facts: Facts;
}

/**
 * The names of the forms are the values of --log-format. JSON is complete for machines; control characters are
 * escaped in it, because people look at the lines in a terminal.
 */
export const lineForms = {
  text({ at, level, node, phase, message, facts }) {
    const pairs = present(facts).map(
      ([key, value]) => ` ${key}=${typeof value === "string" ? plainJson(value) : value}`,
    );
    const start = `${iso(at)} ${level.toUpperCase().padEnd(5)} ${node} ${phase}`;
    return `${start}: ${oneLine(message)}${pairs.join("")}`;
  },
  json({ at, level, node, phase, message, facts }) {
    return plainJson({ time: iso(at), level, node, phase, message, ...facts });
  },
  logrus({ at, level, node, phase, message, facts }) {
    const start = { time: toTheSecond(at), level: logrusLevels[level], msg: oneLine(message) };
    return present({ ...start, node, phase, ...facts })
      .map(([key, value]) => `${key}=${logrusValue(String(value))}`)
      .join(" ");
  },
  "logrus-json"({ at, level, node, phase, message, facts }) {
    const start = { level: logrusLevels[level], msg: message, time: toTheSecond(at) };
    return plainJson({ ...start, node, phase, ...facts });
  },
} as const satisfies Readonly<Record<string, (entry: LogEntry) => string>>;

/** The value of --log-format. */
export type LogForm = keyof typeof lineForms;

/** The levels of logrus, which kured uses: https://pkg.go.dev/github.com/sirupsen/logrus#Level */
const logrusLevels = { error: "error", warn: "warning", info: "info", debug: "debug" } as const;

/** Texts without blanks have no quotes, as in logrus. */
function logrusValue(text: string): string {
  return /^[-A-Za-z0-9._/@^+]+$/.test(text) ? text : plainJson(text);
}

function present(fields: object): [string, unknown][] {
  return Object.entries(fields).filter(([, value]) => value !== undefined);
}
