import * as z from "zod/mini";
import { compileRe2, type Pattern } from "../text/re2.ts";
import { isOver } from "./own-silence.ts";
import { askServerDated, type JsonServer, serverText } from "./server.ts";

/** The labels of an alert, without the name of the metric and its state in Prometheus. */
export type Alert = Readonly<Record<string, string>>;

/** https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml */
const alertsSchema = z.array(
  z.object({
    labels: z.record(z.string(), z.string()),
    status: z.object({ silencedBy: z.array(z.string()), inhibitedBy: z.array(z.string()) }),
  }),
);
export const silencesPath = "/api/v2/silences";
export const matchersSchema = z.array(
  z.object({
    name: z.string(),
    value: z.string(),
    isRegex: z.boolean(),
    isEqual: z._default(z.boolean(), true),
  }),
);
const silencesSchema = z.array(
  z.object({
    id: z._default(z.string(), ""),
    createdBy: z._default(z.string(), ""),
    comment: z._default(z.string(), ""),
    status: z.object({ state: z.string() }),
    matchers: matchersSchema,
  }),
);
export type KnownAlert = z.output<typeof alertsSchema>[number];
export type Silence = z.output<typeof silencesSchema>[number];

/** Matching blocks the daemon, so it may not take longer. */
const matchMaxMs = 2000;

/** The alerts that are neither silenced nor inhibited. Rejects if that is unknown. */
export async function notMuted(
  server: JsonServer,
  alerts: readonly Alert[],
  signal: AbortSignal,
): Promise<Alert[]> {
  const [{ list: known }, { list: silences }] = await Promise.all([
    readList(server, "/api/v2/alerts", alertsSchema, signal),
    readList(server, silencesPath, silencesSchema, signal),
  ]);
  const begunAt = server.clock.elapsed();
  return loudAlerts(alerts, known, silences, () => {
    if (server.clock.elapsed() - begunAt < matchMaxMs) return;
    const sizes = `${alerts.length} alerts with ${known.length} and ${silences.length} silences`;
    throw new Error(`comparing ${sizes} of ${serverText(server)} takes more than ${matchMaxMs / 1000} s`);
  });
}

/**
 * The list at the path, which may have a query, and the server's clock; that is undefined where it shows none. Rejects
 * where there is no such list.
 */
export async function readList<T>(
  server: JsonServer,
  path: string,
  schema: z.ZodMiniType<T>,
  signal: AbortSignal,
): Promise<{ list: T; date: number | undefined }> {
  const { value, date } = await askServerDated(server, path, undefined, signal);
  const parsed = schema.safeParse(value);
  if (parsed.success) return { list: parsed.data, date };
  const [place] = path.split("?");
  const cause = parsed.error;
  throw new Error(`${serverText(server)} answered something that is no list at ${place}`, { cause });
}

/**
 * Alertmanager's own status counts for alerts that it knows. Other alerts, such as those pending in
 * Prometheus, are matched against its silences. In doubt an alert is not muted. A silence of rebootd that
 * outlasts its cycle mutes nothing: alerts that the reboot of a node leaves behind hold back the next one.
 * `goOn` is called again and again, and may throw.
 */
export function loudAlerts(
  alerts: readonly Alert[],
  known: readonly KnownAlert[],
  silences: readonly Silence[],
  goOn: () => void = () => {},
): Alert[] {
  const copies = copiesOf(alerts, known, goOn);
  const without = new Set(silences.filter(isOver).map(({ id }) => id));
  const muted = new Set(alerts.filter((alert) => copies.get(alert)?.every((one) => isMuted(one, without))));
  const unknown = alerts.filter((alert) => !copies.has(alert));
  for (const { status, matchers, id } of silences) {
    if (without.has(id)) continue;
    if (status.state !== "active" || matchers.length === 0) continue;
    // One silence at a time, so that only its expressions are in memory.
    const tests = matchers.map((matcher) => testOf(matcher, goOn));
    for (const alert of unknown) {
      if (!muted.has(alert) && tests.every((test) => test(alert))) muted.add(alert);
    }
  }
  return alerts.filter((alert) => !muted.has(alert));
}

/** `without`: IDs of the silences that do not count. */
function isMuted({ status }: KnownAlert, without: ReadonlySet<string>): boolean {
  return status.inhibitedBy.length > 0 || status.silencedBy.some((id) => !without.has(id));
}

/** Alerts of one name with the same label names, by the values of their labels. */
interface Kind {
  names: readonly string[];
  byValues: Map<string, Alert[]>;
}

/**
 * The copies of each alert in Alertmanager: a copy has all labels of the alert, and external labels beside
 * them. If several alerts fit a copy, it is a copy of the one with most labels, as the copy has the labels of
 * the others too. If two of them have equally many, it is a copy of neither.
 */
function copiesOf(
  alerts: readonly Alert[],
  known: readonly KnownAlert[],
  goOn: () => void,
): Map<Alert, KnownAlert[]> {
  const kinds = kindsByAlertName(alerts);
  const copies = new Map<Alert, KnownAlert[]>();
  for (const one of known) {
    goOn();
    const { labels } = one;
    const found = (kinds.get(labels["alertname"]) ?? []).flatMap(({ names, byValues }) => {
      const origins = byValues.get(valuesOf(labels, names));
      return origins === undefined ? [] : { size: names.length, origins };
    });
    const most = Math.max(...found.map(({ size }) => size));
    const [origin, another] = found.filter(({ size }) => size === most);
    if (origin === undefined || another !== undefined) continue;
    for (const alert of origin.origins) {
      const list = copies.get(alert);
      if (list === undefined) copies.set(alert, [one]);
      else list.push(one);
    }
  }
  return copies;
}

function kindsByAlertName(alerts: readonly Alert[]): Map<string | undefined, Kind[]> {
  const byName = Map.groupBy(alerts, ({ alertname }) => alertname);
  return new Map([...byName].map(([name, list]) => [name, kindsOf(list)]));
}

function kindsOf(alerts: readonly Alert[]): Kind[] {
  const byNames = Map.groupBy(alerts, (alert) => JSON.stringify(namesOf(alert)));
  return [...byNames.values()].map((alike) => {
    const names = namesOf(alike[0] ?? {});
    return { names, byValues: Map.groupBy(alike, (alert) => valuesOf(alert, names)) };
  });
}

function namesOf(alert: Alert): string[] {
  return Object.keys(alert).sort();
}

function valuesOf(labels: Alert, names: readonly string[]): string {
  return JSON.stringify(names.map((name) => labels[name]));
}

/** A matcher for a missing label matches nothing: Prometheus may add that label when it sends the alert. */
function testOf(
  { name, value, isRegex, isEqual }: Silence["matchers"][number],
  goOn: () => void,
): (alert: Alert) => boolean {
  if (!isRegex) return (alert) => Object.hasOwn(alert, name) && (alert[name] === value) === isEqual;
  goOn();
  const pattern = anchored(value);
  return (alert) => {
    const found = Object.hasOwn(alert, name) ? alert[name] : undefined;
    if (found === undefined || pattern === undefined) return false;
    goOn();
    return pattern.test(found) === isEqual;
  };
}

/**
 * The most instructions of a compiled expression. A silence may have any expression, and more would take tens
 * of MiB.
 */
const instructionsMax = 20_000;

/** Matches the whole value, as in Alertmanager. Undefined for an expression that is invalid or too large. */
function anchored(value: string): Pattern | undefined {
  const repeats = [...value.matchAll(/\{(\d+)(?:,(\d*))?\}/g)].map(([, least, most]) =>
    Number(most || least),
  );
  const repeated = repeats.reduce((product, times) => product * Math.max(1, times), 1);
  // Go limits repetitions to a thousand.
  if (value.length * Math.min(repeated, 1000) > instructionsMax) return undefined;
  try {
    return compileRe2(`^(?:${value})$`);
  } catch {
    return undefined;
  }
}
