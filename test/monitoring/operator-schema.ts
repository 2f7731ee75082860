/**
 * As much of the Prometheus Operator's kinds as ours have, strict about everything else, written from
 * https://prometheus-operator.dev/docs/api-reference/api/. No operator has read them in a test.
 */
import * as z from "zod";

const duration = z.string().regex(/^(\d+(ms|[smhdwy]))+$/);
const metadata = z.strictObject({
  name: z.string().min(1),
  namespace: z.string().min(1),
  labels: z.record(z.string(), z.string()),
});

export const podMonitorSchema = z.strictObject({
  apiVersion: z.literal("monitoring.coreos.com/v1"),
  kind: z.literal("PodMonitor"),
  metadata,
  spec: z.strictObject({
    selector: z.strictObject({ matchLabels: z.record(z.string(), z.string()) }),
    podMetricsEndpoints: z.array(
      z.strictObject({
        port: z.string(),
        path: z.string().startsWith("/"),
        interval: duration,
        honorLabels: z.boolean(),
        relabelings: z.array(z.strictObject({ sourceLabels: z.array(z.string()), targetLabel: z.string() })),
      }),
    ),
  }),
});

export const prometheusRuleSchema = z.strictObject({
  apiVersion: z.literal("monitoring.coreos.com/v1"),
  kind: z.literal("PrometheusRule"),
  metadata,
  spec: z.strictObject({
    groups: z.array(
      z.strictObject({
        name: z.string().min(1),
        rules: z.array(
          z.strictObject({
            alert: z.string().min(1),
            expr: z.string().min(1),
            for: duration,
            labels: z.record(z.string(), z.string()),
            annotations: z.record(z.string(), z.string()),
          }),
        ),
      }),
    ),
  }),
});
