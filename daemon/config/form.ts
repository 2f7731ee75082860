/** How a person writes the values of options in the configuration file: as data, for its parser and for its schema. */
import * as z from "zod/mini";

/**
 * The shapes in which a file may have a value; it has one of them at least. Patterns are in the part of the
 * syntax that RE2 has too, because Helm compiles those of a schema with it: no lookahead.
 */
export interface Form {
  /** true and false without quotes. */
  boolean?: true;
  /** A whole number without quotes. */
  integer?: { min: number; max: number };
  /** One of these words. */
  choices?: readonly string[];
  /** A text, as on the command line. Some of those that match are refused by the parser of the option. */
  text?: { pattern?: RegExp; lengthMax?: number };
}

/** The form of each type of value, and its rule: "must be a file, for example /a". */
export const forms = z.registry<{ rule: string; form: Form }>();

// Other than a string, a raw template reaches the bundle as it is, and "µ" would double the memory of its file.
const microsecond = "µs";
const duration = String.raw`(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|${microsecond}|ms|s|m|h))+`;
const dayNames = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const day = `(?:[0-6]|${dayNames.flatMap((name) => [name, name.slice(0, 3), name.slice(0, 2)].map(inAnyCase)).join("|")})`;
const date = String.raw`\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])`;
const minutes = String.raw`(?::[0-5]\d(?::[0-5]\d)?)?`;
const labelName = "[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?";
const labelKey = `(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?${labelName}`;
const blank = String.raw`[ \t\r\n]`;
const labelValues = `[-A-Za-z0-9_., \\t\\r\\n]*`;
const requirement = [
  `!?${blank}*${labelKey}`,
  `${labelKey}${blank}*(?:==?|!=)${blank}*(?:${labelName})?`,
  `${labelKey}${blank}*[<>]${blank}*\\d+`,
  `${labelKey}${blank}+(?:in|notin)${blank}*\\(${labelValues}\\)`,
].join("|");
const requirements = `${blank}*(?:${requirement})${blank}*`;

/** The patterns of texts whose parser is no single expression, or one that RE2 does not have. */
export const patterns = {
  duration: new RegExp(`^(?:0|${duration})$`),
  longDuration: new RegExp(`^(?:\\d+d|(?:\\d+d)?${duration})$`),
  loggedInUsers: new RegExp(`^(?:ignore|wait:(?:0|${duration}))$`),
  escalation: new RegExp(
    `^(?:evict(?::${duration})?(?:,delete(?::${duration})?)?|delete(?::${duration})?)(?:,reboot)?$`,
  ),
  objectName: /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/,
  namespacedName: /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?\/[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/,
  lockObject: /^(?:lease|daemonset)\/[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/,
  concurrency: /^0*(?:[1-9]\d{0,3}|10000|(?:[1-9]\d?|100)%)$/,
  annotationKeys: new RegExp(`^,*${labelKey}(?:,+${labelKey})*,*$`),
  alertMatchers: /^(?:\s*[a-zA-Z_]\w*\s*(?:=~|!~|!=|=)\s*(?:"(?:[^"\\]|\\.)*"|[^"'`,{}\s]*)\s*(?:,|$))+\s*$/,
  httpUrl: /^\s*[hH][tT][tT][pP][sS]?:/,
  timeZone: /^(?:[A-Za-z].*)?$/,
  weekdays: new RegExp(String.raw`^(?:\s*,)*\s*${day}\s*(?:,\s*(?:${day}\s*)?)*$`),
  timeOfDay: new RegExp(`^(?:(?:[01]?\\d|2[0-3])${minutes}\\s?|(?:0?[1-9]|1[0-2])${minutes}\\s?[aApP][mM])$`),
  cronWindow: new RegExp(`^\\s*.+?\\s+for\\s+${duration}(?:\\s+in\\s+[A-Za-z]\\S*)?\\s*$`),
  days: new RegExp(String.raw`^${date}(?:\.\.${date})?$`),
  labels: new RegExp(`^,*(?:${labelKey}=(?:${labelName})?(?:,+${labelKey}=(?:${labelName})?)*,*)?$`),
  nodeSign: new RegExp(`^${labelKey}(?:=(?:${labelName})?)?(?::(?:NoSchedule|PreferNoSchedule|NoExecute))?$`),
  keyOrPrefix: new RegExp(`^(?:${labelKey}|[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/\\*)$`),
  requestLabel: new RegExp(`^${labelKey}(?:=${labelName})?$`),
  labelSelector: new RegExp(`^${requirements}(?:,${requirements})*$`),
} as const;

function inAnyCase(word: string): string {
  return word.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}
