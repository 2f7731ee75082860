import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { loadAllYaml } from "@kubernetes/client-node";
import type { DaemonSet } from "../../daemon/cluster/objects.ts";
import { environmentName } from "../../daemon/config/option.ts";
import { options, parseSettings } from "../../daemon/config/settings.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { administrator, type SimulatedServer, startSimulatedServer } from "../kubernetes/server.ts";
import { clusterWide, daemonUserOn, type ManifestObject } from "../world/manifests.ts";
import { newestKubectl, startSession } from "./kubectl.ts";

const manifests = fileURLToPath(new URL("../../manifests", import.meta.url));
/** The one with a namespace goes last: it moves what is there by then. */
const components = readdirSync(join(manifests, "components")).sort(
  (a, b) => Number(a === "pod-security") - Number(b === "pod-security"),
);
const kubectl = newestKubectl();

describe(`The manifests, by ${kubectl.title}`, () => {
  let folder: string;
  let server: SimulatedServer;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "rebootd-manifests-"));
    server = await startSimulatedServer(systemClock);
    writeFileSync(join(folder, "kubeconfig"), await server.kubeconfigFor(administrator));
  });
  afterEach(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  async function run(...args: string[]): Promise<string> {
    const { code, text } = await startSession(kubectl, join(folder, "kubeconfig")).run(args);
    assert.equal(code, 0, text);
    // A rule may have the severity "warning".
    assert.doesNotMatch(text, /^(# )?warning:/im);
    return text;
  }

  /** What is to be applied: the base with these components. */
  function compose(names: readonly string[]): string {
    const way = (name: string) => relative(folder, join(manifests, name));
    const kustomization = {
      resources: [way("base")],
      components: names.map((name) => way(`components/${name}`)),
    };
    writeFileSync(join(folder, "kustomization.yaml"), JSON.stringify(kustomization));
    return folder;
  }

  /** The same for a page's kustomization with these words in it. */
  function composeExample(path: string, words: string): string {
    const page = readFileSync(new URL(`../../docs/${path}`, import.meta.url), "utf8");
    const blocks = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block = ""]) => block);
    const example = blocks.find((block) => block.includes(words)) ?? assert.fail("no such example");
    const base = relative(folder, join(manifests, "base"));
    writeFileSync(join(folder, "kustomization.yaml"), example.replace("[manifests/base]", `[${base}]`));
    return folder;
  }

  /** The same for a block of docs/guide/monitoring.md, on top of the component. */
  function composeMonitoring(words: string): string {
    const page = readFileSync(new URL("../../docs/guide/monitoring.md", import.meta.url), "utf8");
    const blocks = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block = ""]) => block);
    const patch = blocks.find((block) => block.includes(words)) ?? assert.fail("no such example");
    const file = join(compose(["monitoring"]), "kustomization.yaml");
    // JSON is YAML, but not with more lines behind it.
    const { resources, components } = JSON.parse(readFileSync(file, "utf8"));
    const lists = { resources, components };
    const head = Object.entries(lists).map(([key, list]) => `${key}: ${JSON.stringify(list)}\n`);
    writeFileSync(file, head.join("") + patch);
    return folder;
  }

  const render = (names: readonly string[]) => run("kustomize", compose(names));
  const results = (text: string) => text.trim().split("\n");

  for (const names of [[], ...components.map((name) => [name]), components]) {
    const title = names.length === components.length ? "all components" : (names[0] ?? "nothing else");

    it(`are taken by the API server with ${title}, and are as they were the second time`, async () => {
      const target = compose(names);
      // A dry run makes no namespace for what is to be in it.
      if (names.includes("pod-security")) {
        await run("apply", "-f", join(manifests, "components/pod-security/namespace.yaml"));
      }
      const tried = results(await run("apply", "-k", target, "--dry-run=server"));
      assert.ok(tried.length >= 8, tried.join("\n"));
      for (const line of tried) assert.match(line, / (created|unchanged) \(server dry run\)$/);
      assert.equal(server.api.stored("daemonsets.apps", "kube-system/rebootd"), undefined);

      const applied = results(await run("apply", "-k", target));
      assert.equal(applied.length, tried.length);
      for (const line of applied) assert.match(line, / (created|unchanged)$/);
      for (const line of results(await run("apply", "-k", target))) assert.match(line, / unchanged$/);
    });
  }

  it("are taken by the API server with the patch of docs/guide/monitoring.md for TLS and a token, under which the probes go on", async () => {
    await run("apply", "-k", composeExample("guide/monitoring.md", "METRICS_TLS"));
    const daemonSet = server.api.stored("daemonsets.apps", "kube-system/rebootd") as DaemonSet | undefined;
    const [container] = daemonSet?.spec?.template.spec?.containers ?? [];
    const paths = [container?.livenessProbe, container?.readinessProbe].map((probe) => probe?.httpGet?.path);
    assert.deepEqual(paths, ["/healthz", "/readyz"]);
    for (const probe of [container?.livenessProbe, container?.readinessProbe]) {
      assert.deepEqual([probe?.httpGet?.port, probe?.httpGet?.scheme], ["metrics", "HTTPS"]);
    }
    const files = container?.env?.filter(({ name }) => name.startsWith("REBOOTD_METRICS_"));
    const [{ mountPath } = assert.fail("no volume")] =
      container?.volumeMounts?.filter(({ name }) => name === "metrics") ?? [];
    assert.equal(files?.length, 3);
    const namesOfEnvironment = Object.keys(options).map(environmentName);
    for (const { name, value } of files ?? []) {
      assert.ok(namesOfEnvironment.includes(name), name);
      assert.ok(value?.startsWith(`${mountPath}/`), value);
    }
  });

  it("scrape and alert as the patches of docs/guide/monitoring.md say", async () => {
    const label = await run("kustomize", composeMonitoring("/metadata/labels/release"));
    assert.equal(label.match(/^ {4}release: kube-prometheus-stack$/gm)?.length, 2);
    const access = await run("kustomize", composeMonitoring("/authorization"));
    for (const line of ["scheme: https", "serverName: rebootd-metrics", "name: rebootd-metrics-token"])
      assert.ok(access.includes(line), access);
    const slower = await run("kustomize", composeMonitoring("/rules/3/expr"));
    assert.match(slower, /rebootd_reboot_required_since_timestamp_seconds\s+> 0\) > 40 \* 86400$/m);
    assert.doesNotMatch(slower, /14 \* 86400/);
  });

  it("have the options of the example of docs/install.md, which a daemon takes", async () => {
    const [daemonSet] = loadAllYaml(
      await run("kustomize", composeExample("install.md", "--concurrency=")),
    ).filter((object) => (object as ManifestObject).kind === "DaemonSet") as DaemonSet[];
    const [container] = daemonSet?.spec?.template.spec?.containers ?? [];
    const added = container?.args?.slice(-2) ?? [];
    assert.deepEqual(added, ["--window=0 2 * * sat,sun for 4h", "--concurrency=2"]);
    const raw = Object.fromEntries(added.map((one) => one.slice(2).split("=")));
    parseSettings({ "node-id": "n1", ...raw, window: [raw["window"] ?? ""] });
  });

  it("have the image by its digest with the example of docs/install.md", async () => {
    assert.match(
      await run("kustomize", composeExample("install.md", "digest:")),
      /^ +(- )?image: IMAGE@sha256:[0-9a-f]{64}$/m,
    );
  });

  for (const name of components) {
    it(`are other ones with ${name}`, async () => {
      assert.notEqual(await render([name]), await render([]));
    });
  }

  const checks = readFileSync(join(manifests, "base/admission.yaml"), "utf8").matchAll(
    /^# To check: kubectl (.*) is forbidden by the policy (\S+)$/gm,
  );
  for (const [, check = "", policy] of checks) {
    it(`bind by the policy ${policy}, as it says how to check, and do not without-admission`, async () => {
      await run("apply", "-k", compose([]));
      const options = { signal: AbortSignal.timeout(10_000) };
      await server.apiFor(administrator).create("/api/v1/nodes", { metadata: { name: "n1" } }, options);
      const session = startSession(kubectl, join(folder, "kubeconfig"));
      const tryIt = () => session.run(check.replaceAll("NODE", "n1").split(" "));
      const { code, text } = await tryIt();
      assert.equal(code, 1);
      const refused = `(Forbidden): nodes "n1" is forbidden: ValidatingAdmissionPolicy '${policy}' with binding`;
      assert.ok(text.includes(refused), text);
      for (const kind of ["validatingadmissionpolicies", "validatingadmissionpolicybindings"]) {
        await run("delete", kind, "--all");
      }
      await run("apply", "-k", compose(["without-admission"]));
      assert.equal((await tryIt()).code, 0);
    });
  }

  it("have no policy and no binding without-admission, and all else as it is", async () => {
    const kinds = (text: string) => text.match(/^kind: .*$/gm) ?? [];
    const [all, without] = [kinds(await render([])), kinds(await render(["without-admission"]))];
    assert.deepEqual(
      all.filter((kind) => !kind.includes("AdmissionPolicy")),
      without,
    );
    assert.ok(all.length > without.length);
  });

  it("let a daemon change the labels and annotations that the patch of the policy in docs/harden.md adds", async () => {
    await run("apply", "-k", composeExample("harden.md", "/spec/variables/0/expression"));
    const options = { signal: AbortSignal.timeout(10_000) };
    await server.apiFor(administrator).create("/api/v1/nodes", { metadata: { name: "n1" } }, options);
    const daemon = server.apiFor(daemonUserOn("n1"));
    const change = (metadata: object) => daemon.patch("/api/v1/nodes/n1", { metadata }, options);
    await change({ labels: { "example.com/maintenance": "true" } });
    await change({ annotations: { "example.com/databases-moved": null } });
    await change({ annotations: { "rebootd.dev/cycle": "{}" } });
    await assert.rejects(change({ labels: { "example.com/other": "true" } }), /a daemon may not change/);
  });

  it("are all in kube-system, where nothing else is asked for", async () => {
    const text = await render(components.filter((name) => name !== "pod-security"));
    const objects = loadAllYaml(text) as ManifestObject[];
    assert.ok(objects.length > 10);
    for (const { kind, metadata } of objects) {
      const wanted = clusterWide.has(kind) ? undefined : "kube-system";
      assert.equal(metadata.namespace, wanted, `${kind} ${metadata.name}`);
    }
  });

  it("go into another namespace as a whole, with all components", async () => {
    const text = await render(components);
    assert.deepEqual(
      [...new Set(text.match(/^ +namespace: .*/gm)?.map((line) => line.trim()))],
      ["namespace: rebootd"],
    );
  });
});
