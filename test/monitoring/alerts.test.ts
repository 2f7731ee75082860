import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { loadYaml } from "@kubernetes/client-node";
import { examples } from "../../daemon/cli/examples.ts";
import { options } from "../../daemon/config/settings.ts";
import { phases } from "../../daemon/cycle/record.ts";
import { alertsGate, blockingAlerts } from "../../daemon/gates/alerts.ts";
import { eventTable } from "../../daemon/report/events.ts";
import { runbookOf } from "../../daemon/report/runbooks.ts";
import { compileRe2 } from "../../daemon/text/re2.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { alerts, blocked, foreignMetrics, scrapeSeconds } from "../../manifests/monitoring/alerts.ts";
import { monitoringFiles } from "../../manifests/monitoring/files.ts";
import { rows as dashboardRows, rebootTimes } from "../../manifests/monitoring/panels.ts";
import { context } from "../gates/builders.ts";
import { everyRow } from "../rows.ts";
import { durationMs } from "./durations.ts";
import { labelsOfMetric } from "./metric-labels.ts";
import { listedLabels, readingsOf } from "./promql.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), "utf8");
const named = alerts.map((row) => [row.alert, row] as const);

describe("The files of the monitoring components", () => {
  it("are those that the tables give; else run npm run monitoring", () =>
    everyRow(
      Object.entries(monitoringFiles()).map(([path, content]) => [path, path, content] as const),
      (path, content) => assert.equal(read(`manifests/components/${path}`), content),
    ));
});

describe("The expressions of alerts and dashboard", () => {
  const panels = dashboardRows.flatMap(({ panels }) => panels);
  const expressions = [
    ...alerts.map(({ alert, expr }) => [alert, expr] as const),
    ...panels.flatMap(({ title, queries }) => queries.map(({ expr }) => [title, expr] as const)),
    ["the reboots", rebootTimes] as const,
  ];

  it("name metrics that there are, and of others those of kube-state-metrics about nodes", () => {
    for (const name of foreignMetrics) assert.match(name, /^kube_node_[a-z_]+$/);
    return everyRow(expressions, (expr) => {
      const readings = readingsOf(expr);
      assert.ok(readings.length > 0);
      for (const { metric, labels } of readings) {
        if (foreignMetrics.includes(metric)) continue;
        const known = labelsOfMetric(metric) ?? assert.fail(`no metric ${metric}`);
        for (const label of labels) assert.ok(known.includes(label), `${metric} has no label ${label}`);
      }
    });
  });

  it("group by labels that the metrics have", () =>
    everyRow(expressions, (expr) => {
      const known = readingsOf(expr).flatMap(({ metric }) => labelsOfMetric(metric) ?? []);
      for (const label of listedLabels(expr)) assert.ok(known.includes(label), label);
    }));

  it("select phases and events that there are", () =>
    everyRow(expressions, (expr) => {
      for (const [, phase = ""] of expr.matchAll(/phase="(\w+)"/g))
        assert.ok(
          phases.some((one) => one === phase),
          phase,
        );
      for (const [, reason = ""] of expr.matchAll(/events_total\{[^}]*reason="(\w+)"/g))
        assert.ok(reason in eventTable, reason);
    }));

  it("exclude gates and reasons that there are", () => {
    const words = [...blocked.matchAll(/(?:gate|reason)!~"([^"]+)"/g)].flatMap(([, list = ""]) =>
      list.split("|"),
    );
    const reference = read("docs/reference/reasons.md");
    assert.ok(words.length > 5);
    for (const word of words) assert.ok(reference.includes(`\`${word}\``), word);
  });
});

describe("Each alert about rebootd", () => {
  it("has a name, a severity, two sentences and the address of its page", () =>
    everyRow(named, ({ alert, severity, summary, description }) => {
      assert.match(alert, /^Rebootd[A-Z][A-Za-z]+$/);
      assert.match(severity, /^(critical|warning)$/);
      assert.match(summary, /^[A-Z][^{}]+\.$/);
      assert.match(description, /\.$/);
      assert.match(runbookOf(alert), /^https:\/\/\S+\/rebootd[a-z]+$/);
    }));

  it("waits for at least two scrapes before it fires", () => {
    const monitor = loadYaml<{ spec: { podMetricsEndpoints: { interval: string }[] } }>(
      read("manifests/components/monitoring/pod-monitor.yaml"),
    );
    assert.deepEqual(
      monitor.spec.podMetricsEndpoints.map(({ interval }) => interval),
      [`${scrapeSeconds}s`],
    );
    return everyRow(named, (row) => assert.ok(durationMs(row.for) >= 2 * scrapeSeconds * 1000, row.for));
  });

  it("does not hold back rebootd's own gate, whatever its filter", () => {
    const every = compileRe2(".*");
    const filters = [
      { names: undefined, matchOnly: false },
      { names: every, matchOnly: true },
    ].map((filter) => ({ ...filter, firingOnly: false, instance: "rebootd-x7k2p" }));
    const active = (alertname: string) =>
      ["pending", "firing"].map((alertstate) => ({
        metric: { __name__: "ALERTS", alertname, alertstate, severity: "critical", node: "n1" },
        value: [0, "1"] as [number, string],
      }));
    assert.equal(blockingAlerts(active("NodeDown"), filters[1] ?? assert.fail()).length, 2);
    return everyRow(named, async ({ alert }) => {
      for (const filter of filters) assert.deepEqual(blockingAlerts(active(alert), filter), []);
      const text = JSON.stringify({
        status: "success",
        data: { resultType: "vector", result: alerts.flatMap((one) => active(one.alert)) },
      });
      const post = async () => ({ status: 200, text });
      const url = "http://prometheus:9090";
      const prometheus = { name: "Prometheus", url, timeoutMs: 1000, clock: systemClock, post } as const;
      const sources = { prometheus, alertmanager: undefined, matchers: [] };
      for (const filter of filters) {
        const gate = alertsGate(sources, filter);
        assert.deepEqual(await gate.check(context(0), new AbortController().signal), { open: true });
      }
    });
  });
});

describe("The runbooks", () => {
  const pages = readdirSync(new URL("docs/runbooks/", root)).map((file) => file.replace(/\.md$/, ""));
  const titled = alerts.map(
    (row) => [row.alert, row, read(`docs/runbooks/${row.alert.toLowerCase()}.md`)] as const,
  );

  it("are one page for each alert, and no other", () => {
    assert.deepEqual(pages.sort(), alerts.map(({ alert }) => alert.toLowerCase()).sort());
  });

  it("say what the alert means, what follows, how to look and what to do", () =>
    everyRow(titled, ({ alert, severity }, page) => {
      assert.ok(page.startsWith(`# ${alert}\n`));
      assert.ok(page.includes(`Severity: ${severity}.`));
      const headings = [...page.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
      assert.deepEqual(headings, ["Meaning", "Impact", "Diagnosis", "Mitigation"]);
    }));

  it("name commands, options, metrics and events that there are", () =>
    everyRow(titled, (_, page) => {
      const subcommands = [...page.matchAll(/(?:^|`)rebootd ([a-z]+)/gm)].map(([, name = ""]) => name);
      assert.ok(subcommands.length > 0);
      for (const name of subcommands) assert.ok(name in examples, `rebootd ${name}`);
      const own = [...page.matchAll(/`--([a-z-]+)/g)].map(([, name = ""]) => name);
      for (const name of own) assert.ok(name in options, `--${name}`);
      for (const [, name = ""] of page.matchAll(/`(rebootd_\w+)/g)) assert.ok(labelsOfMetric(name), name);
      for (const [, reason = ""] of page.matchAll(/reason=(\w+)/g)) assert.ok(reason in eventTable, reason);
    }));

  it("link to pages that there are", () =>
    everyRow(titled, (_, page) => {
      for (const [, to = ""] of page.matchAll(/\]\(([^)]+)\)/g)) {
        assert.ok(readFileSync(new URL(to, new URL("docs/runbooks/", root))), to);
      }
    }));
});

describe("docs/guide/monitoring.md", () => {
  const page = read("docs/guide/monitoring.md");

  it("lists each alert with its severity, its time and its sentence", () => {
    const listed = [
      ...page.matchAll(/^\| \[(\w+)\]\(\.\.\/runbooks\/(\w+)\.md\) \| (\w+) \| (\w+) \| (.+) \|$/gm),
    ];
    assert.deepEqual(
      listed.map(([, ...cells]) => cells),
      alerts.map((row) => [row.alert, row.alert.toLowerCase(), row.severity, row.for, row.summary]),
    );
  });

  it("shows a picture of every panel", () => {
    assert.ok(page.includes("](../images/dashboard.svg)"));
    const picture = read("docs/images/dashboard.svg");
    return everyRow(
      dashboardRows.flatMap(({ panels }) => panels.map(({ title }) => [title, title] as const)),
      (title) => assert.ok(picture.includes(`>${title}<`)),
    );
  });
});
