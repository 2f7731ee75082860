import * as z from "zod/mini";
import { askServer, type JsonServer, serverText } from "./ask-server.ts";

/** Its labels, without the name of the metric and its state in Prometheus. */
export type Alert = Readonly<Record<string, string>>;

/** https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml */
const alertsSchema = z.array(
  z.object({
    labels: z.record(z.string(), z.string()),
    status: z.object({ silencedBy: z.array(z.string()), inhibitedBy: z.array(z.string()) }),
  }),
);
const silencesSchema = z.array(
  z.object({
    status: z.object({ state: z.string() }),
    matchers: z.array(
      z.object({
        name: z.string(),
        value: z.string(),
        isRegex: z.boolean(),
        isEqual: z._default(z.boolean(), true),
      }),
    ),
  }),
);
export type KnownAlert = z.output<typeof alertsSchema>[number];
export type Silence = z.output<typeof silencesSchema>[number];

/** The alerts that are neither silenced nor inhibited. Rejects when that cannot be told. */
export async function notMuted(
  server: JsonServer,
  alerts: readonly Alert[],
  signal: AbortSignal,
): Promise<Alert[]> {
  const [known, silences] = await Promise.all([
    get(server, "/api/v2/alerts", alertsSchema, signal),
    get(server, "/api/v2/silences", silencesSchema, signal),
  ]);
  return loudAlerts(alerts, known, silences);
}

async function get<T>(
  server: JsonServer,
  path: string,
  schema: z.ZodMiniType<T>,
  signal: AbortSignal,
): Promise<T> {
  const parsed = schema.safeParse(await askServer(server, path, undefined, signal));
  if (parsed.success) return parsed.data;
  const cause = parsed.error;
  throw new Error(`${serverText(server)} answered something that is no list at ${path}`, { cause });
}

/**
 * Alertmanager's own word counts for what it knows. What it does not know, such as what is pending in Prometheus, is matched
 * against its silences. Where either leaves a doubt the alert is a loud one.
 */
export function loudAlerts(
  alerts: readonly Alert[],
  known: readonly KnownAlert[],
  silences: readonly Silence[],
): Alert[] {
  const told = new Map<Alert, KnownAlert[]>();
  for (const one of known) {
    const alert = originOf(one, alerts);
    if (alert !== undefined) told.set(alert, [...(told.get(alert) ?? []), one]);
  }
  const active = silences.filter(({ status }) => status.state === "active");
  return alerts.filter((alert) => {
    const copies = told.get(alert);
    if (copies !== undefined) return !copies.every(isMuted);
    return !active.some((silence) => isSilencedBy(silence, alert));
  });
}

function isMuted({ status }: KnownAlert): boolean {
  return status.silencedBy.length + status.inhibitedBy.length > 0;
}

/**
 * Which alert of Prometheus has become this one: it has all its labels, and external ones beside them. Of several the one
 * with most labels, as those of the others are found in it too; of two with as many neither.
 */
function originOf({ labels }: KnownAlert, alerts: readonly Alert[]): Alert | undefined {
  let origin: Alert | undefined;
  let most = 0;
  for (const alert of alerts) {
    if (alert["alertname"] !== labels["alertname"]) continue;
    const own = Object.entries(alert);
    if (own.length < most || !own.every(([name, value]) => labels[name] === value)) continue;
    origin = own.length > most ? alert : undefined;
    most = own.length;
  }
  return origin;
}

/** A matcher for a label that the alert has not got matches nothing here: Prometheus may add that label on its way. */
function isSilencedBy({ matchers }: Silence, alert: Alert): boolean {
  return (
    matchers.length > 0 &&
    matchers.every(({ name, value, isRegex, isEqual }) => {
      const found = alert[name];
      if (found === undefined) return false;
      if (!isRegex) return (found === value) === isEqual;
      const regexp = anchored(value);
      return regexp !== undefined && regexp.test(found) === isEqual;
    })
  );
}

/** The strict mode refuses what RE2 reads another way; what is refused matches nothing. */
function anchored(value: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${value})$`, "u");
  } catch {
    return undefined;
  }
}
