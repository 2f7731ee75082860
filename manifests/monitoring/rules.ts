import { runbookOf } from "../../daemon/report/runbooks.ts";
import { type AlertRow, alerts } from "./alerts.ts";

export interface AlertingRule {
  alert: string;
  expr: string;
  for: string;
  labels: Record<string, string>;
  annotations: { summary: string; description: string; runbook_url: string };
}

/** The content of a rule file of Prometheus: https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/ */
export interface RuleFile {
  groups: { name: string; rules: AlertingRule[] }[];
}

export const ruleFile = (): RuleFile => ({ groups: [{ name: "rebootd", rules: alerts.map(ruleOf) }] });

function ruleOf({ alert, severity, for: pending, expr, summary, description }: AlertRow): AlertingRule {
  return {
    alert,
    expr,
    for: pending,
    labels: { severity },
    annotations: { summary, description, runbook_url: runbookOf(alert) },
  };
}
