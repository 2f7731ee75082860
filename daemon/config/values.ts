import { validate } from "node-cron";
import * as z from "zod/mini";
import type { LockKind } from "../lock/kinds.ts";
import { type Matcher, parseMatchers } from "../silence/matchers.ts";
import { anyOf } from "../text/list.ts";
import { compileRe2, type Pattern } from "../text/re2.ts";
import { parseDurationMs } from "../time/duration.ts";
import { type Form, patterns } from "./form.ts";
import { isLockKind, lockKinds } from "./lock-kinds.ts";
import { shellWords } from "./shell-words.ts";
import { attempt, Refusal, type ValueType, value } from "./value-type.ts";

/** The kinds of option values. */

/** Timers cannot wait longer than 2^31-1 ms. */
const durationMaxMs = 24 * 24 * 3_600_000;

export function duration({
  minMs = 0,
  maxMs = durationMaxMs,
}: {
  minMs?: number;
  maxMs?: number;
} = {}): ValueType<number> {
  const most = maxMs === durationMaxMs ? "576h" : `${maxMs / 1000}s`;
  const range = minMs > 0 ? `from ${minMs / 1000}s to ${most}` : `of at most ${most}`;
  const example = maxMs < 60_000 * 15 ? "15s" : "90s, 15m or 1h30m";
  const zero: Form = minMs === 0 ? { integer: { min: 0, max: 0 } } : {};
  const form = { ...zero, text: { pattern: patterns.duration } };
  return value(`must be a duration ${range}, for example ${example}`, form, (text) => {
    const ms = parseDurationMs(text);
    return ms !== undefined && ms >= minMs && ms <= maxMs ? ms : undefined;
  });
}

/** Milliseconds to wait for people who are logged in; undefined: not at all. */
export const loggedInUsers: ValueType<{ waitMs: number | undefined }> = value(
  "must be ignore or wait:DURATION of at least 1s, for example wait:10m",
  { text: { pattern: patterns.loggedInUsers } },
  (text) => {
    if (text === "ignore") return { waitMs: undefined };
    const ms = text.startsWith("wait:") ? parseDurationMs(text.slice("wait:".length)) : undefined;
    return ms !== undefined && ms >= 1000 && ms <= durationMaxMs ? { waitMs: ms } : undefined;
  },
);

/** The steps of a drain. One of the two that take time may omit its duration: it takes the `rest`. */
export interface EscalationSteps {
  evictMs?: number;
  deleteMs?: number;
  rest?: "evict" | "delete";
  reboot: boolean;
  text: string;
}

export const escalation: ValueType<EscalationSteps> = value(
  "must be a list of the steps evict, delete and reboot in this order, the first two with a duration of at least 1s, which one of them may omit, for example evict:10m,delete:2m,reboot",
  { text: { pattern: patterns.escalation } },
  (text) => {
    const found = /^(evict|delete)(?::([^,]+))?(?:,(delete)(?::([^,]+))?)?(,reboot)?$/.exec(text);
    if (found === null) return undefined;
    const [, first = "", firstFor, second, secondFor, reboot] = found;
    const steps: EscalationSteps = { reboot: reboot !== undefined, text };
    for (const [name, duration] of [
      [first, firstFor],
      [second, secondFor],
    ]) {
      if (name !== "evict" && name !== "delete") continue;
      const key = `${name}Ms` as const;
      const ms = duration === undefined ? undefined : (parseDurationMs(duration) ?? Number.NaN);
      const isTwice = steps[key] !== undefined || steps.rest === name;
      if (isTwice || (ms === undefined && steps.rest !== undefined)) return undefined;
      if (ms === undefined) steps.rest = name;
      else if (ms >= 1000 && ms <= durationMaxMs / 2) steps[key] = ms;
      else return undefined;
    }
    return steps;
  },
);

/** `like` is the example. */
export function integer({
  min,
  max,
  like = 2,
}: {
  min: number;
  max: number;
  like?: number;
}): ValueType<number> {
  return value(
    `must be a whole number from ${min} to ${max}, for example ${like}`,
    { integer: { min, max } },
    (text) => {
      const number = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
      return number >= min && number <= max ? number : undefined;
    },
  );
}

export function choice<const T extends string>(...choices: T[]): ValueType<T> {
  return value(`must be ${anyOf(choices)}`, { choices }, (text) => choices.find((choice) => choice === text));
}

/** Takes the spellings of Go's strconv.ParseBool, which kured's manifests use. */
export const bool: ValueType<boolean> = value("must be true or false", { boolean: true }, (text) => {
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true;
  return /^(0|f|F|false|FALSE|False)$/.test(text) ? false : undefined;
});

export function text({
  rule,
  like,
  form = { text: { pattern: like } },
}: {
  rule: string;
  like: RegExp;
  form?: Form;
}): ValueType<string> {
  return value(rule, form, (given) => (like.test(given) ? given : undefined));
}

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names */
export const objectName = text({
  rule: "must be the name of an object: lower case letters, digits, '-' and '.', at most 253, for example worker-1",
  like: /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  form: { text: { pattern: patterns.objectName, lengthMax: 253 } },
});

/** An object in a namespace, as "namespace/name". */
export const namespacedName: ValueType<string> = value(
  "must be the namespace and the name of an object, for example storage/set-noout",
  { text: { pattern: patterns.namespacedName } },
  (given) => {
    const names = given.split("/");
    const [namespace = ""] = names;
    const areNames = names.every((name) => z.safeParse(objectName, name).success);
    return names.length === 2 && areNames && /^[^.]{1,63}$/.test(namespace) ? given : undefined;
  },
);

/** The kind is in lower case, as kubectl takes it. */
export const lockObject: ValueType<{ kind: LockKind; name: string }> = value(
  `must be ${anyOf(Object.keys(lockKinds).map((kind) => `${kind}/NAME`))}, for example lease/rebootd`,
  { text: { pattern: patterns.lockObject } },
  (given) => {
    const [kind = "", name = "", ...more] = given.split("/");
    const isName = z.safeParse(objectName, name).success && more.length === 0;
    return isName && isLockKind(kind) ? { kind, name } : undefined;
  },
);

/** A number of nodes, or a part of all there are. */
export const concurrency: ValueType<{ nodes: number } | { percent: number }> = value(
  "must be a whole number of nodes from 1 to 10000, or a percentage of them from 1% to 100%, for example 2 or 10%",
  { integer: { min: 1, max: 10_000 }, text: { pattern: patterns.concurrency } },
  (given) => {
    const [, digits, percent] = /^(\d{1,5})(%?)$/.exec(given) ?? [];
    const number = Number(digits);
    if (!(number >= 1) || number > (percent ? 100 : 10_000)) return undefined;
    return percent ? { percent: number } : { nodes: number };
  },
);

/**
 * The key of a label or an annotation:
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/#syntax-and-character-set
 */
export function metadataKey(example: string): ValueType<string> {
  return text({
    rule: `must be a key, for example ${example}`,
    like: /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/,
  });
}

/** Annotation keys, with commas between. */
export const annotationKeys: ValueType<readonly string[]> = value(
  "must be a list of annotation keys, for example example.com/raid-checked,example.com/backup-done",
  { text: { pattern: patterns.annotationKeys } },
  (given) => {
    const keys = given.split(",").filter((key) => key !== "");
    const areKeys = keys.every((key) => z.safeParse(annotationKey, key).success);
    return areKeys && keys.length > 0 ? keys : undefined;
  },
);
const annotationKey = metadataKey("example.com/raid-checked");

export const path = text({
  rule: "must be an absolute path, for example /run/rebootd/file",
  like: /^\/[^\0]*$/,
});

/** Words as a shell would split them; nothing is expanded, and no shell runs. */
export const command: ValueType<readonly [string, ...string[]]> = value(
  "must be a command with its arguments, quoted as for sh, for example '/bin/systemctl reboot'",
  { text: { pattern: /[^ \t\r\n]/ } },
  (given) => {
    const words = attempt(() => shellWords(given));
    if (words instanceof Refusal) return words;
    const [program = "", ...rest] = words;
    return program === "" ? undefined : [program, ...rest];
  },
);

/** The syntax is Go's, as in kured. The expression matches anywhere in a text. */
export const regexp: ValueType<Pattern> = value(
  "must be a regular expression of RE2, for example ^(Watchdog|InfoInhibitor)$",
  { text: {} },
  (given) => attempt(() => compileRe2(given)),
);

export const httpUrl: ValueType<string> = value(
  "must be an http or https URL, for example http://prometheus.monitoring:9090",
  { text: { pattern: patterns.httpUrl } },
  (given) => (/^https?:$/.test(URL.parse(given)?.protocol ?? "") ? given.replace(/\/+$/, "") : undefined),
);

const alertMatcher = /^\s*([a-zA-Z_]\w*)\s*(=~|!~|!=|=)(?![=~])\s*("(?:[^"\\]|\\.)*"|[^"'`,{}\s]*)\s*(?:,|$)/;

/**
 * The part between the braces of a selector. Each value is quoted again, so that nothing in it ends the
 * selector (https://prometheus.io/docs/prometheus/latest/querying/basics/#instant-vector-selectors).
 */
export const alertMatchers: ValueType<string> = value(
  'must be a list of label matchers with =, !=, =~ or !~, where a value with quotes, commas, braces or blanks is in double quotes, for example severity=critical,team=~"db|web"',
  { text: { pattern: patterns.alertMatchers } },
  (given) => {
    const matchers: string[] = [];
    for (let rest = given; rest.trim() !== ""; ) {
      const [all, name = "", operator = "", text = ""] = alertMatcher.exec(rest) ?? [];
      const matched = text.startsWith('"') ? unquoted(text) : text;
      if (all === undefined || matched === undefined || name.startsWith("__")) return undefined;
      if (operator.endsWith("~")) {
        const compiled = attempt(() => compileRe2(matched));
        if (compiled instanceof Refusal) return compiled;
      }
      matchers.push(`${name}${operator}${JSON.stringify(matched)}`);
      rest = rest.slice(all.length);
    }
    return matchers.length > 0 ? matchers.join(",") : undefined;
  },
);

/** The matchers of one silence, with a placeholder for the node. */
export const silenceMatchers: ValueType<readonly Matcher[]> = value(
  'must be a list of matchers of Alertmanager of which one with = or =~ has the whole name of the node, for example instance=~"{node}(:[0-9]+)?"',
  { text: { pattern: /\{node\}/ } },
  (given) => attempt(() => parseMatchers(given)),
);

/** JSON's escapes are a part of PromQL's. */
function unquoted(text: string): string | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A request sets these itself, or they are secrets and belong in a file. */
const ownHeaders =
  /^(accept|authorization|connection|content-.*|expect|host|keep-alive|te|trailer|transfer-encoding|upgrade)$/i;

const header = /^([-!#$%&'*+.^_`|~\w]+):[ \t]*([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)[ \t]*$/;

/** `[name, value]`. */
export const httpHeader: ValueType<readonly [string, string]> = value(
  'must be a header, for example "X-Scope-OrgID: infra", but not Accept, Host, Connection or Content-*; credentials belong in a file',
  { text: { pattern: header } },
  (given) => {
    const [, name = "", text = ""] = header.exec(given) ?? [];
    return name === "" || ownHeaders.test(name) ? undefined : ([name, text] as const);
  },
);

/**
 * An IANA name, `UTC`, or `Local` for the zone of the process. UTC is known without Intl, whose first use takes 8 MB
 * of memory.
 */
export const timeZone: ValueType<string> = value(
  "must be a name of the IANA time zone database, UTC or Local, for example Europe/Warsaw",
  { text: { pattern: patterns.timeZone } },
  (given) => {
    if (given === "" || given === "UTC") return "UTC";
    if (given === "Local") return new Intl.DateTimeFormat().resolvedOptions().timeZone;
    // Intl takes offsets such as +02:00 too, which know nothing of daylight saving.
    if (!/^[A-Za-z]/.test(given)) return undefined;
    try {
      return new Intl.DateTimeFormat("en", { timeZone: given }).resolvedOptions().timeZone;
    } catch {
      return undefined;
    }
  },
);

const dayNames = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/**
 * Days of the week, 0 is Sunday, each once and in order: `su`, `sun` or `sunday` in any case, or the number.
 */
export const weekdays: ValueType<readonly number[]> = value(
  "must be a list of days of the week, where 0 is Sunday, for example mon,tue or sa,su or 0,6",
  { integer: { min: 0, max: 6 }, text: { pattern: patterns.weekdays } },
  (given) => {
    const days = new Set<number>();
    for (const item of given.split(",").map((word) => word.trim().toLowerCase())) {
      if (item === "") continue;
      const day = /^[0-6]$/.test(item)
        ? Number(item)
        : dayNames.findIndex(
            (name) => item === name || item === name.slice(0, 2) || item === name.slice(0, 3),
          );
      if (day === -1) return undefined;
      days.add(day);
    }
    return days.size > 0 ? [...days].sort() : undefined;
  },
);

/** A time of day in seconds since midnight. */
export const timeOfDay: ValueType<number> = value(
  "must be a time of day, for example 22:00, 23:59:59, 17, 5pm or 5:30pm",
  { integer: { min: 0, max: 23 }, text: { pattern: patterns.timeOfDay } },
  (given) => {
    const found = /^(\d{1,2})(?::(\d{2})(?::(\d{2}))?)?\s?([ap]m)?$/i.exec(given);
    if (found === null) return undefined;
    const [, hour = "", minute = "0", second = "0", half] = found;
    const clock =
      half === undefined ? Number(hour) : (Number(hour) % 12) + (half.toLowerCase() === "pm" ? 12 : 0);
    const hourFits = half === undefined ? Number(hour) < 24 : Number(hour) >= 1 && Number(hour) <= 12;
    if (!hourFits || Number(minute) > 59 || Number(second) > 59) return undefined;
    return clock * 3600 + Number(minute) * 60 + Number(second);
  },
);

/**
 * A cron expression for the opening of a window, its duration, and the zone of its clock, where one is named.
 */
export const cronWindow: ValueType<{ cron: string; durationMs: number; zone?: string }> = value(
  'must be "CRON for DURATION" or "CRON for DURATION in ZONE", with 5 fields of cron or a word such as @daily, and from 1m to 168h, for example "0 2 * * sat#1 for 4h in Europe/Warsaw"',
  { text: { pattern: patterns.cronWindow } },
  (given) => {
    const [, cron = "", duration = "", place] =
      /^\s*(.+?)\s+for\s+(\S+)(?:\s+in\s+(\S+))?\s*$/.exec(given) ?? [];
    const isCron = validate(cron) && (cron.startsWith("@") || cron.split(/\s+/).length === 5);
    const durationMs = parseDurationMs(duration) ?? Number.NaN;
    if (!isCron || !(durationMs >= 60_000 && durationMs <= 168 * 3_600_000)) return undefined;
    if (place === undefined) return { cron, durationMs };
    const zone = z.safeParse(timeZone, place);
    return zone.success ? { cron, durationMs, zone: zone.data } : undefined;
  },
);

/** Days counted from 1970-01-01, the first and the last, which may be the same. */
export const days: ValueType<{ first: number; last: number }> = value(
  "must be a day, or a first and a last day, for example 2026-12-24 or 2026-12-20..2027-01-03",
  { text: { pattern: patterns.days } },
  (given) => {
    const [from = "", to = from, ...more] = given.split("..");
    const [first, last] = [dayOf(from), dayOf(to)];
    return more.length === 0 && first <= last ? { first, last } : undefined;
  },
);

/** NaN for a day that does not exist. */
function dayOf(date: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(date) ? Date.parse(`${date}T00:00:00Z`) : Number.NaN;
  return Number.isFinite(ms) && new Date(ms).toISOString().startsWith(date) ? ms / 86_400_000 : Number.NaN;
}

/** Labels to set: `{ key: value }`. */
export const labels: ValueType<Readonly<Record<string, string>>> = value(
  "must be a list of labels, each with a value, which may be empty, for example example.com/state=rebooting,maintenance=true",
  { text: { pattern: patterns.labels } },
  (given) => {
    const pairs: [string, string][] = [];
    for (const item of given.split(",").filter((one) => one !== "")) {
      const [, key, set] = labelAndValue.exec(item) ?? [];
      if (key === undefined || set === undefined) return undefined;
      pairs.push([key, set]);
    }
    return Object.fromEntries(pairs);
  },
);

const space = "[ \\t\\r\\n]*";
const labelName = "[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?";
const dnsLabel = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?";
const labelKey = `(?:(?=[^/]{1,253}/)${dnsLabel}(?:\\.${dnsLabel})*/)?${labelName}`;
const labelValue = `(?:${labelName})?`;
const labelAndValue = new RegExp(`^(?=.{1,253}=)(${labelKey})=(${labelValue})$`);
/** Between the parentheses; an empty value may be at either end. */
const labelValues = `(?:,?${space}${labelName}(?:${space},${space}${labelName})*(?:${space},)?|,)?`;
/** The server's syntax, but for empty values amid others. A number has 64 bits. */
const requirements = [
  `!?${space}${labelKey}`,
  `${labelKey}${space}(?:==?|!=)${space}${labelValue}`,
  `${labelKey}${space}[<>]${space}\\d{1,18}`,
  `${labelKey}[ \\t\\r\\n]+(?:in|notin)${space}\\(${space}${labelValues}${space}\\)`,
];
const requirement = new RegExp(`^${space}(?:${requirements.join("|")})${space}$`);

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors */
export const labelSelector: ValueType<string> = value(
  "must be a label selector, for example app=db,tier!=cache or 'app in (db, queue)'",
  { text: { pattern: patterns.labelSelector } },
  (given) => {
    const parts = given.split(/,(?![^(]*\))/);
    return parts.every((part) => requirement.test(part)) ? given : undefined;
  },
);
