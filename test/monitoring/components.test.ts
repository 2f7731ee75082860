import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { loadYaml } from "@kubernetes/client-node";
import type { DaemonSet } from "../../daemon/cluster/objects.ts";
import { everyRow } from "../rows.ts";
import { readManifests } from "../world/manifests.ts";
import { podMonitorSchema, prometheusRuleSchema } from "./operator-schema.ts";

const [podMonitor, rule, dashboard] = readManifests("components/monitoring");
const daemonSet = readManifests().find(({ kind }) => kind === "DaemonSet") as DaemonSet | undefined;
const { labels = {} } = daemonSet?.spec?.template.metadata ?? {};

describe("The component monitoring", () => {
  it("has a PodMonitor, a PrometheusRule and a ConfigMap, as the operator's reference describes them", () => {
    podMonitorSchema.parse(podMonitor);
    prometheusRuleSchema.parse(rule);
    assert.equal(dashboard?.kind, "ConfigMap");
    return everyRow(
      [
        ["an unknown field", { ...rule, specs: {} }],
        ["another kind", podMonitor],
      ] as const,
      (value) => assert.equal(prometheusRuleSchema.safeParse(value).success, false),
    );
  });

  it("finds the pods and the port of manifests/base", () => {
    const { spec } = podMonitorSchema.parse(podMonitor);
    for (const [name, value] of Object.entries(spec.selector.matchLabels)) assert.equal(labels[name], value);
    const ports = daemonSet?.spec?.template.spec?.containers[0]?.ports?.map(({ name }) => name);
    for (const { port } of spec.podMetricsEndpoints) assert.ok(ports?.includes(port), port);
  });
});

describe("The component scrape-annotations", () => {
  it("names the port and the path of the metrics", () => {
    const read = (name: string) =>
      readFileSync(new URL(`../../manifests/components/${name}/kustomization.yaml`, import.meta.url), "utf8");
    const { patches: [patch = assert.fail()] = [] } = loadYaml<{ patches?: { patch: string }[] }>(
      read("scrape-annotations"),
    );
    const annotations = loadYaml<DaemonSet>(patch.patch).spec?.template.metadata?.annotations;
    const [port] = daemonSet?.spec?.template.spec?.containers[0]?.ports ?? [];
    assert.deepEqual(annotations, {
      "prometheus.io/scrape": "true",
      "prometheus.io/path": "/metrics",
      "prometheus.io/port": `${port?.containerPort}`,
      "prometheus.io/scheme": "http",
    });
  });
});
