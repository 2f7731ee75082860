import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadYaml } from "@kubernetes/client-node";
import { runbookOf } from "../../daemon/report/runbooks.ts";
import { alerts } from "../../manifests/monitoring/alerts.ts";
import { monitoringFiles } from "../../manifests/monitoring/files.ts";
import type { RuleFile } from "../../manifests/monitoring/rules.ts";
import { everyRow } from "../rows.ts";
import { normalRoll, type Story, stories } from "./alert-stories.ts";
import { debianBinaries } from "./prometheus-binaries.ts";

/** What the components carry, as Prometheus gets it: from the operator, and from the plain ConfigMap. */
const files = monitoringFiles();
const ofOperator = loadYaml<{ spec: RuleFile }>(files["monitoring/prometheus-rule.yaml"] ?? "").spec;
const plain = loadYaml<{ data: Record<string, string> }>(files["scrape-annotations/rules.yaml"] ?? "").data;

describe("The rules, by Debian's promtool", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "rebootd-rules-"));
    // JSON is YAML.
    writeFileSync(join(folder, "rules.yml"), JSON.stringify(ofOperator));
  });
  after(() => rmSync(folder, { recursive: true }));

  function promtool(...args: string[]): string {
    try {
      return execFileSync(join(debianBinaries(), "promtool"), args, {
        cwd: folder,
        encoding: "utf8",
        stdio: "pipe",
      });
    } catch (error) {
      const { message, stdout } = error as Error & { stdout?: string };
      assert.fail(`${message}${stdout ?? ""}`);
    }
  }

  function testRules(tests: object[], everyMinutes = 0.5): void {
    const file = { rule_files: ["rules.yml"], evaluation_interval: `${everyMinutes * 60}s`, tests };
    writeFileSync(join(folder, "tests.yml"), JSON.stringify(file));
    assert.match(promtool("test", "rules", "tests.yml"), /SUCCESS/);
  }

  it("are valid, in both forms", () => {
    const [text = assert.fail()] = Object.values(plain);
    writeFileSync(join(folder, "plain.yml"), text);
    assert.deepEqual(loadYaml(text), ofOperator);
    for (const file of ["rules.yml", "plain.yml"]) {
      assert.match(promtool("check", "rules", file), new RegExp(`SUCCESS: ${alerts.length} rules found`));
    }
  });

  it("have a story for each alert", () => {
    const having = new Set(stories.map(({ alert }) => alert));
    assert.deepEqual([...having].sort(), alerts.map(({ alert }) => alert).sort());
  });

  it("fire in each story, and not before", () =>
    everyRow(
      stories.map((story) => [`${story.alert} for ${story.title}`, story] as const),
      (story) => testRules([testOf(story)], story.every),
    ));

  it("are silent in a normal roll", () => {
    const { minutes, series } = normalRoll();
    const at = Array.from({ length: minutes }, (_, minute) => minute);
    const none = alerts.flatMap(({ alert }) =>
      at.map((minute) => ({ eval_time: `${minute}m`, alertname: alert, exp_alerts: [] })),
    );
    testRules([{ interval: "30s", input_series: seriesOf(series), alert_rule_test: none }]);
  });

  it("are not silent in a roll that has stopped", () => {
    const { series } = normalRoll();
    const stopped = { ...series, 'rebootd_overdue{node="n1"}': "1x400" };
    const none = [{ eval_time: "60m", alertname: "RebootdNodeNotBack", exp_alerts: [] }];
    assert.throws(
      () => testRules([{ interval: "30s", input_series: seriesOf(stopped), alert_rule_test: none }]),
      /RebootdNodeNotBack/,
    );
  });
});

const seriesOf = (series: Readonly<Record<string, string>>) =>
  Object.entries(series).map(([name, values]) => ({ series: name, values }));

function testOf({ alert, every = 0.5, series, silentAt, firesAt, labels, description }: Story): object {
  const row = alerts.find((one) => one.alert === alert) ?? assert.fail(alert);
  const withLabels = row.description.replaceAll(
    /\{\{ \$labels\.(\w+) \}\}/g,
    (_, name) => labels[name] ?? "",
  );
  const fires = {
    exp_labels: { ...labels, severity: row.severity },
    exp_annotations: {
      summary: row.summary,
      description: description ?? withLabels,
      runbook_url: runbookOf(alert),
    },
  };
  return {
    interval: `${every * 60}s`,
    input_series: seriesOf(series),
    alert_rule_test: [
      { eval_time: `${silentAt}m`, alertname: alert, exp_alerts: [] },
      { eval_time: `${firesAt}m`, alertname: alert, exp_alerts: [fires] },
    ],
  };
}
