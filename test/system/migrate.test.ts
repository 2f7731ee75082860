/** The files and commands that rebootd migrate shows, taken by the real kubectl and the real Helm. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { dumpYaml, loadAllYaml } from "@kubernetes/client-node";
import { installedBy } from "../../daemon/cli/installed.ts";
import { type Migration, migrationOf } from "../../daemon/cli/migrate/migration.ts";
import { readFileText } from "../../daemon/cli/migrate/read.ts";
import type { DaemonSet } from "../../daemon/cluster/objects.ts";
import { shellWords } from "../../daemon/config/shell-words.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { administrator, type SimulatedServer, startSimulatedServer } from "../kubernetes/server.ts";
import { daemonSetOf, kustomized } from "../kured/kustomized.ts";
import type { ManifestObject } from "../world/manifests.ts";
import { newestKubectl, startSession } from "./kubectl.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const inputs = [
  ...["manifests/kured-ds.yaml", "manifests/kured-ds-signal.yaml"],
  ...["values/usual.yaml", "values/busy.yaml", "values/command.yaml"],
];
const kubectl = newestKubectl();

async function migrationOfFile(file: string): Promise<Migration> {
  const text = readFileSync(join(root, "test/kured", file), "utf8");
  return migrationOf(await readFileText(file, text, undefined));
}

/** Options as the daemons have them; a list may be one text. */
function optionsOf(daemonSet: DaemonSet): Record<string, string> {
  const [installed] = installedBy(daemonSet);
  const {
    namespace: _,
    "lock-object": object,
    "ds-name": name,
    ...raw
  } = installed?.raw ?? assert.fail("none");
  const lock = name === undefined ? String(object) : `daemonset/${name}`;
  return {
    lock,
    ...Object.fromEntries(Object.entries(raw).map(([option, value]) => [option, [value].flat().join()])),
  };
}

describe(`What rebootd migrate shows, by ${kubectl.title}`, () => {
  let folder: string;
  let server: SimulatedServer;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "rebootd-migrate-"));
    cpSync(join(root, "manifests"), join(folder, "manifests"), { recursive: true });
    server = await startSimulatedServer(systemClock);
    writeFileSync(join(folder, "kubeconfig"), await server.kubeconfigFor(administrator));
  });
  afterEach(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  async function run(args: readonly string[]): Promise<string> {
    const { code, text } = await startSession(kubectl, join(folder, "kubeconfig")).run(args);
    assert.equal(code, 0, `kubectl ${args.join(" ")}: ${text}`);
    return text;
  }

  for (const file of inputs) {
    it(`is a kustomization that kubectl renders and the API server takes, for ${file}`, async () => {
      const { kustomization } = await migrationOfFile(file);
      writeFileSync(join(folder, "kustomization.yaml"), kustomization);
      const rendered = loadAllYaml(await run(["kustomize", folder])) as ManifestObject[];
      assert.deepEqual(optionsOf(daemonSetOf(rendered)), optionsOf(daemonSetOf(kustomized(kustomization))));
      await run(["apply", "-k", folder, "--dry-run=server"]);
    });

    it(`is values with which the chart has the same options, for ${file}`, async () => {
      const { kustomization, values } = await migrationOfFile(file);
      writeFileSync(join(folder, "values.yaml"), dumpYaml(values));
      const text = execFileSync(
        process.env["HELM"] ?? assert.fail("HELM names a helm; test/system/run.sh sets it"),
        [
          "template",
          "rebootd",
          join(root, "manifests/chart"),
          "-n",
          "kube-system",
          "-f",
          join(folder, "values.yaml"),
        ],
        { encoding: "utf8" },
      );
      const { "reboot-sentinel": inChart, ...byChart } = optionsOf(
        daemonSetOf(loadAllYaml(text) as ManifestObject[]),
      );
      const { "reboot-sentinel": inPod, ...byKustomize } = optionsOf(daemonSetOf(kustomized(kustomization)));
      assert.deepEqual(byChart, byKustomize);
      assert.equal(inChart, inPod);
    });
  }

  it("is commands of kubectl that do what they say, there and back", async () => {
    const { ways, kustomization } = await migrationOfFile("manifests/kured-ds.yaml");
    writeFileSync(join(folder, "kustomization.yaml"), kustomization);
    const options = { signal: AbortSignal.timeout(30_000) };
    const api = server.apiFor(administrator);
    await api.create("/api/v1/nodes", { metadata: { name: "n1" } }, options);
    const manifest = join(root, "test/kured/manifests/kured-ds.yaml");
    const rights = [
      "create serviceaccount kured",
      "create role kured --verb=get --resource=pods",
      "create rolebinding kured --role=kured --serviceaccount=kube-system:kured",
    ];
    for (const line of rights) await run(["-n", "kube-system", ...line.split(" ")]);
    await run("create clusterrole kured --verb=get --resource=pods".split(" "));
    await run("create clusterrolebinding kured --clusterrole=kured --user=x".split(" "));
    await run(["apply", "-f", manifest]);
    const kured = async () =>
      JSON.parse(await run("-n kube-system get daemonset kured -o json".split(" "))) as DaemonSet;
    const imageOf = async () => (await kured()).spec?.template.spec?.containers[0]?.image;
    const lockOf = async () => (await kured()).metadata?.annotations?.["weave.works/kured-node-lock"];
    const type = async (commands: readonly string[]) => {
      for (const command of commands) {
        const [program, ...args] = shellWords(command.replaceAll("NODE", "n1").replace("IMAGE", "rebootd:1"));
        // There are no daemons here that roll, log or are asked.
        if (program !== "kubectl" || args.includes("rollout") || args.includes("logs")) continue;
        await run(args.map((arg) => (arg === "." ? folder : arg)));
      }
    };
    const [byImage, byNode] = ways;
    for (const { commands } of byImage?.steps ?? []) await type(commands);
    assert.deepEqual([await imageOf(), await lockOf()], ["rebootd:1", undefined]);
    for (const { commands } of byImage?.back ?? []) await type(commands);
    assert.deepEqual([await imageOf(), await lockOf()], ["ghcr.io/kubereboot/kured:1.23.0", undefined]);

    const steps = byNode?.steps ?? [];
    const selected = async () => (await kured()).spec?.template.spec?.nodeSelector;
    await type(steps[0]?.commands ?? []);
    assert.equal(await lockOf(), '{"nodeID":"manual"}');
    for (const { commands } of steps.slice(1, -1)) await type(commands);
    assert.deepEqual([await selected(), await lockOf()], [{ "reboot-manager": "kured" }, undefined]);
    const { metadata } = JSON.parse(await run("get node n1 -o json".split(" "))) as {
      metadata: { labels: object };
    };
    assert.equal((metadata.labels as Record<string, string>)["reboot-manager"], "rebootd");
    for (const { commands } of byNode?.back.slice(0, 2) ?? []) await type(commands);
    assert.deepEqual((await selected()) ?? {}, {});
    await type(steps.at(-1)?.commands ?? []);
    assert.equal(server.api.stored("daemonsets.apps", "kube-system/kured"), undefined);
  });
});
