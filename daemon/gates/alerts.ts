import * as z from "zod/mini";
import type { Gate } from "./gate.ts";

/** One POST of a form; rejects when no answer came. */
export type HttpPost = (
  url: string,
  form: Record<string, string>,
  signal: AbortSignal,
) => Promise<{ status: number; text: string }>;

export interface AlertFilter {
  /** Matches anywhere in the name. */
  names: RegExp | undefined;
  /** Turns `names` round: only what matches counts. */
  matchOnly: boolean;
  firingOnly: boolean;
}

/** https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries */
const answerSchema = z.object({
  status: z.literal("success"),
  data: z.object({
    resultType: z.literal("vector"),
    result: z.array(
      z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) }),
    ),
  }),
});
type Series = z.output<typeof answerSchema>["data"]["result"][number];

const namesMax = 10;

/** Closed while Prometheus has active alerts, as kured counts them. */
export function alertsGate(prometheusUrl: string, filter: AlertFilter, post: HttpPost): Gate {
  return {
    name: "alerts",
    stages: ["start"],
    asks: "afar",
    urgentPasses: true,
    async check({ now }, signal) {
      const form = { query: "ALERTS", time: String(now / 1000) };
      const { status, text } = await post(`${prometheusUrl}/api/v1/query`, form, signal);
      const names = blockingAlerts(parseAnswer(prometheusUrl, status, text), filter);
      if (names.length === 0) return { open: true };
      const shown = names.slice(0, namesMax).join(", ") + (names.length > namesMax ? ", …" : "");
      const count = names.length === 1 ? "1 alert is active" : `${names.length} alerts are active`;
      return { open: false, code: "active", message: `${count}: ${shown}` };
    },
  };
}

/** Names of the alerts that count, each once, sorted. */
export function blockingAlerts(series: readonly Series[], filter: AlertFilter): string[] {
  const names = new Set<string>();
  for (const { metric, value } of series) {
    const name = metric["alertname"];
    if (name === undefined || Number(value[1]) === 0) continue;
    if (filter.firingOnly && metric["alertstate"] !== "firing") continue;
    if (filter.names !== undefined && filter.names.test(name) !== filter.matchOnly) continue;
    names.add(name);
  }
  return [...names].sort();
}

function parseAnswer(url: string, status: number, text: string): readonly Series[] {
  if (status !== 200) throw new Error(`Prometheus at ${url} answered ${status}: ${text.slice(0, 200)}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Error(`Prometheus at ${url} answered something that is not JSON`, { cause });
  }
  const parsed = answerSchema.safeParse(value);
  if (parsed.success) return parsed.data.data.result;
  throw new Error(`Prometheus at ${url} answered something that is no vector`, { cause: parsed.error });
}
