import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { mistakes } from "../chart/mistakes.ts";
import { typeMigrate } from "../cli/migrate/typed-migrate.ts";
import { everyRow } from "../rows.ts";
import { clusterWide, type ManifestObject } from "../world/manifests.ts";
import { chart, objectsIn, rendered, startHelm, valuesFiles } from "./chart.ts";
import { newestKubectl, startSession } from "./kubectl.ts";

const manifests = fileURLToPath(new URL("../../manifests", import.meta.url));
const files = Object.entries(valuesFiles).map(([name, file]) => [name, file] as const);

/** The values that stand for a component; undefined where none does, with the reason beside it. */
const components: Readonly<Record<string, string | undefined>> = {
  apparmor: "security.apparmor=true",
  command: "configuration.rebootMethod=command",
  // The options are in configuration; a file of one's own needs a ConfigMap of one's own.
  config: undefined,
  "control-plane": "controlPlane=true",
  "delete-pods": "rbac.deletePods=true",
  // The rules are one's own: rbac.extraRules.
  health: undefined,
  // The chart has a Role for each namespace that an option names.
  "hook-jobs": undefined,
  kured: "kured.lock=true",
  mirror: "security.mirror=true",
  monitoring: "metrics.create=true,prometheusRule.create=true,dashboard.create=true",
  "network-policy": "networkPolicy.create=true",
  // A release does not create its own namespace.
  "pod-security": undefined,
  rootless: "security.rootless=true",
  "scrape-annotations": "scrapeAnnotations.create=true",
  seccomp: "security.seccomp=true",
  selinux: "security.selinux=true",
  signal: "configuration.rebootMethod=signal",
  surge: "rbac.surge=true",
  "without-admission": "admission.create=false",
};

/** Without the labels and annotations that Helm and the chart add, and without an order where there is none. */
function plain(objects: readonly ManifestObject[]): Record<string, unknown> {
  return Object.fromEntries(
    objects.map((object) => [`${object.kind} ${object.metadata.name}`, withoutAdded(placed(object), "")]),
  );
}

/** As plain data. */
function specAndLabelsOf(objects: readonly ManifestObject[], kind: string) {
  const found = objects.find((object) => object.kind === kind) ?? assert.fail(`no ${kind}`);
  const { spec, metadata } = JSON.parse(JSON.stringify(found));
  return { spec, labels: metadata.labels } as {
    // biome-ignore lint/suspicious/noExplicitAny: objects of many kinds
    spec: Record<string, any>;
    labels: Record<string, string>;
  };
}

/** kustomize gives a namespace to kinds that it does not know. */
function placed(object: ManifestObject): ManifestObject {
  if (!clusterWide.has(object.kind)) return object;
  const { namespace: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

const added = /^(app\.kubernetes\.io\/.+|helm\.sh\/.+)$/;
const unordered = ["env", "volumeMounts", "volumes"];

function withoutAdded(value: unknown, key: string): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => withoutAdded(item, ""));
    return unordered.includes(key)
      ? items.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)))
      : items;
  }
  // kustomize writes an empty line before a line of a folded text that is indented.
  if (typeof value === "string") return value.replace(/\n+/g, "\n");
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value)
    .filter(([name]) => !added.test(name))
    .map(([name, one]) => [name, withoutAdded(one, name)] as const)
    .filter(([name, one]) => !(["labels", "annotations"].includes(name) && JSON.stringify(one) === "{}"));
  return Object.fromEntries(entries.toSorted(([a], [b]) => a.localeCompare(b)));
}

describe("The chart, by helm", () => {
  const helm = startHelm();
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "rebootd-chart-"));
  });
  after(() => {
    helm.stop();
    rmSync(folder, { recursive: true });
  });

  async function kustomized(names: readonly string[]): Promise<ManifestObject[]> {
    const way = (name: string) => relative(folder, join(manifests, name));
    const kustomization = {
      resources: [way("base")],
      components: names.map((name) => way(`components/${name}`)),
    };
    writeFileSync(join(folder, "kustomization.yaml"), JSON.stringify(kustomization));
    const { code, text } = await startSession(newestKubectl(), "").run(["kustomize", folder]);
    assert.equal(code, 0, text);
    return objectsIn(text);
  }

  it("passes the strict linter with each file of values", () =>
    everyRow(files, async (file) => {
      const said = await helm.does("lint", "--strict", chart, "--namespace=kube-system", `--values=${file}`);
      assert.doesNotMatch(said, /\[(WARNING|ERROR)\]/);
    }));

  it("has the objects of manifests/base without any value", async () => {
    assert.deepEqual(plain(await rendered(helm)), plain(await kustomized([])));
  });

  it("has a value for each component", () => {
    assert.deepEqual(Object.keys(components), readdirSync(join(manifests, "components")).sort());
  });

  for (const [name, values] of Object.entries(components)) {
    if (values === undefined) continue;
    it(`has the objects of components/${name} with ${values}`, async () => {
      const objects = plain(await rendered(helm, `--set=${values}`));
      assert.deepEqual(objects, plain(await kustomized([name])));
      assert.notDeepEqual(objects, plain(await rendered(helm)), "the value changes nothing");
    });
  }

  it("has the recommended labels on each object, those of the values too, and selects by fewer", async () => {
    const objects = await rendered(
      helm,
      "--set=commonLabels.team=x,dashboard.create=true,service.create=true",
    );
    await everyRow(
      objects.map((object) => [`${object.kind} ${object.metadata.name}`, object] as const),
      ({ metadata }) => {
        const labels: Record<string, string> = {
          ...(metadata as { labels?: Record<string, string> }).labels,
        };
        const names = ["name", "instance", "version", "component", "part-of", "managed-by"];
        for (const name of names) assert.ok(labels[`app.kubernetes.io/${name}`], name);
        assert.match(labels["helm.sh/chart"] ?? "", /^rebootd-\d/);
        assert.equal(labels["team"], "x");
      },
    );
    const daemonSet = objects.find(({ kind }) => kind === "DaemonSet") as
      | { spec?: { selector?: { matchLabels?: object } } }
      | undefined;
    const matchLabels = { "app.kubernetes.io/name": "rebootd", "app.kubernetes.io/instance": "rebootd" };
    assert.deepEqual(daemonSet?.spec?.selector?.matchLabels, matchLabels);
  });

  it("names key, value and what it must be for each mistake in the values", () =>
    everyRow(
      mistakes.map(({ name, ...rest }) => [name, rest] as const),
      async ({ values, says }) => {
        const { code, text } = await helm.run(
          "template",
          "rebootd",
          chart,
          `--values=${helm.values(values)}`,
        );
        assert.equal(code, 1);
        for (const words of says) assert.ok(text.includes(words), `${words}: ${text}`);
      },
    ));

  const contradictions: readonly [name: string, set: string, says: RegExp][] = [
    [
      "two headers",
      "configuration.prometheusHeader={a: b,c: d}",
      /invalid value of 2 headers for configuration\.prometheusHeader: must be one/,
    ],
    [
      "two places of the lock",
      "kured.lock=true,configuration.dsName=other",
      /kured\.lock and --ds-name are mutually exclusive/,
    ],
    [
      "a user without rights, and commands",
      "security.rootless=true,configuration.rebootMethod=command",
      /security\.rootless and commands on the host are mutually exclusive/,
    ],
    [
      "AppArmor, and commands",
      "security.apparmor=true,configuration.os=rhel",
      /security\.apparmor and commands on the host are mutually exclusive/,
    ],
    [
      "a mirror, and another sentinel",
      "security.mirror=true,configuration.rebootSentinel=/run/other",
      /security\.mirror and configuration\.rebootSentinel=\/run\/other are mutually exclusive/,
    ],
    [
      "a port that nobody knows",
      "configuration.metricsPort=0",
      /invalid value 0 for configuration\.metricsPort: must be/,
    ],
  ];
  it("refuses values that contradict each other", () =>
    everyRow(contradictions, async (set, says) => {
      const { code, text } = await helm.run("template", "rebootd", chart, `--set=${set}`);
      assert.equal(code, 1, text);
      assert.match(text, says);
    }));

  it("scrapes by a ServiceMonitor what its Service selects, as by the PodMonitor", async () => {
    const objects = await rendered(helm, `--values=${valuesFiles["service-monitor"]}`);
    const [service, monitor] = ["Service", "ServiceMonitor"].map((kind) => specAndLabelsOf(objects, kind));
    const pods = await rendered(helm, "--set=metrics.create=true,metrics.endpoint.scheme=https");
    const { spec: podMonitor } = specAndLabelsOf(pods, "PodMonitor");
    assert.deepEqual(service?.spec["ports"], [
      { name: "metrics", port: 9100, targetPort: "metrics", nodePort: 30_000 },
    ]);
    assert.deepEqual(service?.spec["selector"], podMonitor["selector"].matchLabels);
    for (const [key, value] of Object.entries(monitor?.spec["selector"].matchLabels))
      assert.equal(service?.labels[key], value);
    const [endpoint] = monitor?.spec["endpoints"] ?? [];
    const { tlsConfig, ...rest } = endpoint;
    assert.deepEqual(tlsConfig, { insecureSkipVerify: true });
    assert.deepEqual(rest, podMonitor["podMetricsEndpoints"][0]);
    assert.deepEqual(monitor?.spec["namespaceSelector"], { matchNames: ["kube-system"] });
  });

  it("has no secret in the DaemonSet", async () => {
    const objects = await rendered(helm, `--values=${valuesFiles["messages"]}`);
    const daemonSet = JSON.stringify(objects.find(({ kind }) => kind === "DaemonSet"));
    for (const secret of ["127.0.0.1:9", "X-Scope-OrgID"]) assert.ok(!daemonSet.includes(secret), secret);
  });

  it("makes of the values that rebootd migrate prints daemons on kured's lock", () =>
    everyRow(
      [
        "manifests/kured-ds",
        "manifests/kured-ds-signal",
        "values/usual",
        "values/busy",
        "values/command",
      ].map((name) => [name, `${name}.yaml`] as const),
      async (file) => {
        const { out } = await typeMigrate(["-f", file, "-o", "json"]);
        const { values, kured } = JSON.parse(out);
        const objects = await rendered(helm, `--values=${helm.values(values)}`);
        const daemonSet = JSON.stringify(objects.find(({ kind }) => kind === "DaemonSet"));
        assert.ok(
          daemonSet.includes(`{"name":"REBOOTD_LOCK_OBJECT","value":"daemonset/${kured.name}"}`),
          daemonSet,
        );
        assert.ok(JSON.stringify(objects).includes(`"resourceNames":["${kured.name}"]`));
      },
    ));

  it("runs its own image where the values name kured's", async () => {
    const objects = JSON.stringify(
      await rendered(helm, `--values=${valuesFiles["kured-defaults"]}`, "--set=image.tag=1.23.0"),
    );
    assert.match(objects, /"image":"rebootd:0\.1\.0"/);
    assert.doesNotMatch(objects, /kubereboot|1\.23\.0/);
  });

  it("is for older clusters without what these do not know", async () => {
    const objects = JSON.stringify(
      await rendered(helm, "--kube-version=1.29.0", "--set=admission.create=false"),
    );
    assert.doesNotMatch(objects, /appArmorProfile/);
    assert.match(objects, /container\.apparmor\.security\.beta\.kubernetes\.io\/rebootd":"unconfined"/);
    const { code, text } = await helm.run("template", "rebootd", chart, "--kube-version=1.29.0");
    assert.equal(code, 1);
    assert.match(text, /admission\.create requires Kubernetes 1\.30/);
  });
});
