import type { Writable } from "node:stream";
import { createLogger, format, transports } from "winston";
import { type LogForm, lineForms } from "./line-forms.ts";
import type { Facts } from "./log-fields.ts";
import type { LogLevel } from "./log-levels.ts";

export interface Log {
  /** Decisions of passes in which nothing has changed. */
  debug(message: string, facts?: Facts): void;
  info(message: string, facts?: Facts): void;
  warn(message: string, facts?: Facts): void;
  error(message: string, facts?: Facts): void;
}

export interface LogOptions {
  form: LogForm;
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
  const line = format.printf(({ level: of, message, facts }) => {
    const entry = { at: now(), level: of as LogLevel, node, phase: phase(), message: String(message) };
    return lineForms[form]({ ...entry, facts: (facts ?? {}) as Facts });
  });
  const logger = createLogger({ level, format: line, transports: [new transports.Stream({ stream: out })] });
  const write = (of: LogLevel) => (message: string, facts?: Facts) => void logger.log(of, message, { facts });
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}

/** The message of an error, with the messages of its causes. */
export function explain(error: unknown): string {
  const messages: string[] = [];
  for (let cause = error; cause instanceof Error && messages.length < 5; cause = cause.cause) {
    if (!messages.some((message) => message.includes(cause.message))) messages.push(cause.message);
  }
  return messages.join(": ") || String(error);
}
