/** The files of the components that are made from the tables. */
import { dumpYaml } from "@kubernetes/client-node";
import { dashboard } from "./dashboard.ts";
import { ruleFile } from "./rules.ts";

const head = "# Made by `npm run monitoring` from the tables in manifests/monitoring.\n";
const yaml = (object: object) => head + dumpYaml(object, { lineWidth: -1 });
const json = (object: object) => `${JSON.stringify(object, undefined, 2)}\n`;
const metadata = (name: string, more: Record<string, string> = {}) => ({
  name,
  namespace: "kube-system",
  labels: { "app.kubernetes.io/name": "rebootd", ...more },
});

/** By the path below manifests/components. */
export function monitoringFiles(): Readonly<Record<string, string>> {
  return {
    "monitoring/prometheus-rule.yaml": yaml({
      apiVersion: "monitoring.coreos.com/v1",
      kind: "PrometheusRule",
      metadata: metadata("rebootd"),
      spec: ruleFile(),
    }),
    "monitoring/dashboard.yaml": yaml({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: metadata("rebootd-dashboard", { grafana_dashboard: "1" }),
      data: { "rebootd-overview.json": json(dashboard()) },
    }),
    "scrape-annotations/rules.yaml": yaml({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: metadata("rebootd-rules"),
      data: { "rebootd.rules.yaml": dumpYaml(ruleFile(), { lineWidth: -1 }) },
    }),
  };
}
