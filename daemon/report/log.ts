import type { Writable } from "node:stream";
import { createLogger, format, transports } from "winston";
import { oneLine, plainJson } from "../text/one-line.ts";
import { iso } from "../time/iso.ts";
import type { Facts } from "./log-fields.ts";

/** From the gravest down. */
export const logLevels = ["error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof logLevels)[number];

export interface Log {
  /** Decisions of passes in which nothing has changed. */
  debug(message: string, facts?: Facts): void;
  info(message: string, facts?: Facts): void;
  warn(message: string, facts?: Facts): void;
  error(message: string, facts?: Facts): void;
}

export interface LogOptions {
  form: "text" | "json";
  /** The least grave level that is written. */
  level: LogLevel;
  node: string;
  /** Called for each line: every line has the phase. */
  phase: () => string;
  /** Milliseconds since the epoch. */
  now: () => number;
  out: Writable;
}

/** Writes lines for people or for machines. Each line has time, level, node and phase. */
export function createLog({ form, level, node, phase, now, out }: LogOptions): Log {
  const context = format((info) => {
    const timestamp = iso(now());
    return Object.assign(info, { timestamp, node, phase: phase() });
  });
  const logger = createLogger({
    level,
    format: format.combine(context(), form === "json" ? jsonLine() : textLine()),
    transports: [new transports.Stream({ stream: out })],
  });
  const write = (of: LogLevel) => (message: string, facts?: Facts) => void logger.log(of, message, { facts });
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}

/**
 * The texts are complete for machines; control characters are escaped, because people look at the lines in a
 * terminal.
 */
function jsonLine() {
  return format.printf(({ timestamp, level, node, phase, message, facts }) =>
    plainJson({ time: timestamp, level, node, phase, message, ...(facts as Facts) }),
  );
}

function textLine() {
  return format.printf(({ timestamp, level, node, phase, message, facts }) => {
    const pairs = Object.entries((facts ?? {}) as Facts)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => ` ${key}=${typeof value === "string" ? plainJson(value) : value}`);
    const start = `${timestamp} ${level.toUpperCase().padEnd(5)} ${node} ${phase}`;
    return `${start}: ${oneLine(String(message))}${pairs.join("")}`;
  });
}

/** The message of an error, with the messages of its causes. */
export function explain(error: unknown): string {
  const messages: string[] = [];
  for (let cause = error; cause instanceof Error && messages.length < 5; cause = cause.cause) {
    if (!messages.some((message) => message.includes(cause.message))) messages.push(cause.message);
  }
  return messages.join(": ") || String(error);
}
