/**
 * Makes options of rebootd of the values of kured's flags. Pure. Where kured's behaviour would be unsafe, or useless,
 * the safe behaviour, with a warning: reference in the column "differs" of flags.ts.
 */
import * as z from "zod/mini";
import type { OptionName, RawOptions } from "../config/settings.ts";
import { timeOfDay } from "../config/values.ts";
import { parseDestinations } from "../notify/destination.ts";
import type { FlagKind, FlagValue } from "./flag-kinds.ts";

/** A value that kured refuses, or that cannot be made safe. The message is a rule such as "must be a file". */
export class Refused extends Error {
  override readonly name = "Refused";
}

/** Values of flags that other flags depend on. */
export interface Together {
  rebootMethod: string;
  drainTimeoutMs: number;
  days: readonly string[];
  startTime: string;
  endTime: string;
  notifyUrl: string;
}

export interface BecomeContext {
  together: Together;
  /** The flag's name, which most options share. */
  name: string;
  /** The value as it was typed, or the default. */
  text: string;
  /** Tells the operator once, at the start. */
  warn: (text: string) => void;
}

/** The options that a value becomes. Throws a {@link Refused}. */
export type Become<K extends FlagKind> = (value: FlagValue<K>, context: BecomeContext) => RawOptions;

const of = (name: string, value: string | readonly string[]): RawOptions => ({ [name as OptionName]: value });

/** The option of the same name; an empty text leaves it out. */
export const text: Become<"string"> = (value, { name }) => (value === "" ? {} : of(name, value));

/** The same for a text without which kured does not start, or never reboots. */
export const needed =
  (rule: string): Become<"string"> =>
  (value, { name }) => {
    if (value === "") throw new Refused(rule);
    return of(name, value);
  };

export const truth: Become<"bool"> = (value, { name }) => of(name, String(value));

/** A whole number that is moved into the range. */
export const whole =
  ({ min, max }: { min: number; max: number }): Become<"int"> =>
  (value, { name, warn }) => {
    const near = Math.min(Math.max(value, min), max);
    if (value > max) warn(`--${name}=${value} is more than rebootd takes; it is ${max}`);
    return of(name, String(near));
  };

/** A number that rebootd itself refuses outside of its range. */
export const number: Become<"int"> = (value, { name }) => of(name, String(value));

/** No timer waits longer. */
const durationMaxMs = 576 * 3_600_000;

/** kured takes a negative duration for none. */
export const duration: Become<"duration"> = (value, { name, text, warn }) => {
  if (value <= 0) return of(name, "0");
  if (value <= durationMaxMs) return of(name, text.replace(/^\+/, ""));
  warn(`--${name}=${text} is longer than rebootd waits; it is 576h`);
  return of(name, "576h");
};

export const period: Become<"duration"> = (value, context) => {
  const { text, warn } = context;
  if (value <= 0) {
    warn(`--period=${text} would let kured look once and never again; it is 1h`);
    return { period: "1h" };
  }
  return value < 1000 ? { period: "1s" } : duration(value, context);
};

/** A drain without a limit would hold the lock for ever. */
export const drainTimeout: Become<"duration"> = (value, context) => {
  if (value <= 0) return { "drain-timeout": endless };
  return value < 1000 ? { "drain-timeout": "1s" } : duration(value, context);
};

/** In place of no limit: as long as the longest grace periods that are in use. */
export const endless = "1h";

/** kured's drain without a limit never fails, and so kured never reboots past it. */
export const forceReboot: Become<"bool"> = (value, { together, warn }) => {
  if (!value || together.drainTimeoutMs > 0) return { "force-reboot": String(value) };
  warn("--force-reboot is ignored without --drain-timeout, as kured's drain without a limit does not fail");
  return {};
};

export const sentinel: Become<"string"> = (value) => {
  if (value === "") throw new Refused("must be a file, for example /var/run/reboot-required");
  return { "reboot-sentinel": value.startsWith("/") ? value : `/${value}` };
};

export const rebootMethod: Become<"string"> = (value) => {
  if (value !== "command" && value !== "signal") throw new Refused("must be command or signal");
  return { "reboot-method": value };
};

export const rebootCommand: Become<"string"> = (value, { together }) => {
  if (together.rebootMethod !== "command") return {};
  if (value.trim() === "") throw new Refused("must be a command, for example /bin/systemctl reboot");
  return { "reboot-command": value };
};

export const rebootSignal: Become<"int"> = (value, { together }) =>
  together.rebootMethod === "signal" ? { "reboot-signal": String(value) } : {};

/** An empty expression matches every name, and so would make kured ignore all alerts. */
export const alertFilter: Become<"string"> = (value) => {
  return value === "" ? {} : { "alert-filter-regexp": value };
};

export const blockingSelectors: Become<"stringArray"> = (value, { name }) => {
  if (value.includes("")) {
    throw new Refused("must be a label selector, for example app=db; an empty one would match every pod");
  }
  return value.length === 0 ? {} : of(name, value);
};

/** kured ignores a second equals sign and what follows it. */
export const labels: Become<"stringSlice"> = (value, { name, warn }) => {
  if (value.length === 0) return {};
  const cut = value.map((item) => item.split("=").slice(0, 2).join("="));
  const long = value.find((item, at) => item !== cut[at]);
  if (long !== undefined)
    warn(
      `--${name}: of ${JSON.stringify(long)} only ${JSON.stringify(long.split("=").slice(0, 2).join("="))} counts`,
    );
  return of(name, cut);
};

const dayName =
  /^(su|mo|tu|we|th|fr|sa|sun|mon|tue|wed|thu|fri|sat|sunday|monday|tuesday|wednesday|thursday|friday|saturday|[0-6])$/i;
const dayRule = "must be a list of days of the week, where 0 is Sunday, for example mon,tue or sa,su or 0,6";
const dayLetters = ["su", "mo", "tu", "we", "th", "fr", "sa"];
const lastSecond = "23:59:59";

/**
 * kured looks at the weekday of the moment itself: where the window ends after midnight, its second part is on the
 * same day as its first. That part is a window of its own here.
 */
export const windowDays: Become<"stringSlice"> = (value, { together, warn }) => {
  const days = daysOf(value);
  const endSeconds = secondsOf(together.endTime);
  const isSplit = isOverMidnight(together) && endSeconds !== undefined && days.length < 7;
  const own = { "reboot-days": [days.map((day) => dayLetters[day]).join(",")] };
  if (!isSplit) return own;
  warn(
    `the window from ${together.startTime} to ${together.endTime} is open on the same day from midnight to ${together.endTime} and from ${together.startTime} to midnight, as in kured; it does not go on into the next day`,
  );
  // rebootd takes no window of less than a minute.
  if (endSeconds < 59) return own;
  return { ...own, window: [`0 0 * * ${days.join(",")} for ${endSeconds + 1}s`] };
};

export const windowStart: Become<"string"> = (value) => {
  if (value === "") throw new Refused(timeRule);
  return { "start-time": value };
};

export const windowEnd: Become<"string"> = (value, { together }) => {
  if (value === "") throw new Refused(timeRule);
  const isSplit = isOverMidnight(together) && daysOf(together.days).length < 7;
  return { "end-time": isSplit ? lastSecond : value };
};

const timeRule = "must be a time of day, for example 22:00, 23:59:59, 17 or 5pm";

/** Numbers of the weekdays, each once and in order. */
function daysOf(value: readonly string[]): readonly number[] {
  const items = value.filter((item) => item !== "");
  if (items.length === 0 || !items.every((item) => dayName.test(item))) throw new Refused(dayRule);
  const numbers = items.map((item) =>
    /\d/.test(item) ? Number(item) : dayLetters.indexOf(item.slice(0, 2).toLowerCase()),
  );
  return [...new Set(numbers)].sort();
}

function secondsOf(time: string): number | undefined {
  return z.safeParse(timeOfDay, time).data;
}

function isOverMidnight({ startTime, endTime }: Together): boolean {
  const [start, end] = [secondsOf(startTime), secondsOf(endTime)];
  return start !== undefined && end !== undefined && end < start;
}

/**
 * The template with %s once: kured writes Go's marks for mistakes, such as %!d(string=n1), into its messages.
 * https://pkg.go.dev/fmt#hdr-Format_errors
 */
export const messageTemplate =
  (ownText: string): Become<"string"> =>
  (value, { name, warn }) => {
    if (value === "") {
      warn(`--${name} is empty; the text is ${JSON.stringify(ownText)}`);
      return of(name, ownText);
    }
    const verbs = value.replace(/%v/g, "%s").split(/(%s|%%)/);
    let isNamed = false;
    const made = verbs.map((part) => {
      if (part === "%%") return part;
      if (part !== "%s" || isNamed) return part.replaceAll("%", "%%").replace(/[^\n\P{Cc}]/gu, " ");
      isNamed = true;
      return part;
    });
    const mended = made.join("");
    if (mended !== value)
      warn(`--${name}: it may have %s once, and each other % as %%; the rest of it is taken as text`);
    return of(name, mended);
  };

/** An address that cannot be used keeps no node from rebooting, as in kured. */
export const notifyUrl: Become<"string"> = (value, { warn }) => {
  if (value === "") return {};
  return usable("notify-url", value, warn);
};

/** The old form of the same. The host is always Slack's, as in kured. */
export const slackUrl: Become<"string"> = (value, { together, warn }) => {
  if (value === "") return {};
  if (together.notifyUrl !== "") {
    warn("--slack-hook-url is ignored, as --notify-url is set");
    return {};
  }
  warn("--slack-hook-url is deprecated by kured; use --notify-url=slack://TOKEN-A/TOKEN-B/TOKEN-C");
  const bare = /^(["'])(.+)\1$/s.exec(value)?.[2] ?? value;
  const parts = (URL.parse(bare)?.pathname ?? "")
    .replace(/^\/services\//, "/")
    .split("/")
    .filter(Boolean);
  if (parts.length === 3) return usable("slack-hook-url", `slack://${parts.join("/")}`, warn);
  warn("--slack-hook-url must be https://hooks.slack.com/services/A/B/C; no notification is sent");
  return {};
};

function usable(name: string, url: string, warn: BecomeContext["warn"]): RawOptions {
  try {
    parseDestinations([url]);
    return { "notify-url": [url] };
  } catch (error) {
    warn(`--${name} cannot be used, and no notification is sent: it ${(error as Error).message}`);
    return {};
  }
}

/** A flag that kured parses and never uses. */
export const dead: Become<"string"> = (_, { name, warn, text }) => {
  if (text !== "") warn(`--${name} has no effect, as in kured`);
  return {};
};

/** Any other word is text, as in kured. */
export const logFormat: Become<"string"> = (value) => ({
  "log-format": value === "json" ? "logrus-json" : "logrus",
});
