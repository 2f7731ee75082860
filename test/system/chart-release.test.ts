import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { V1DaemonSet, V1Lease, V1Pod, V1Secret } from "@kubernetes/client-node";
import { parse } from "yaml";
import type { Api } from "../../daemon/cluster/api.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { certificate } from "../kubernetes/api/https.ts";
import { administrator, type SimulatedServer, startSimulatedServer } from "../kubernetes/server.ts";
import { ensureNamespace } from "../kubernetes/workloads.ts";
import { startWorld } from "../world/world.ts";
import { chart, type Helm, startHelm, valuesFiles } from "./chart.ts";
import { type Secrets, startPod } from "./chart-pod.ts";

const signal = new AbortController().signal;
const namespace = "kube-system";
const leases = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
const daemonSets = `/apis/apps/v1/namespaces/${namespace}/daemonsets`;
/** The server does not apply, and has no kinds of others. */
const here = [
  `--namespace=${namespace}`,
  "--server-side=false",
  "--set=metrics.create=false,prometheusRule.create=false",
];

describe("A release of the chart", () => {
  let server: SimulatedServer;
  let api: Api;
  let helm: Helm;
  beforeEach(async () => {
    server = await startSimulatedServer(systemClock);
    api = server.apiFor(administrator);
    helm = startHelm(await server.kubeconfigFor(administrator));
    await ensureNamespace({ api, signal }, namespace);
  });
  afterEach(async () => {
    helm.stop();
    await server.stop();
  });

  const install = (...args: string[]) => helm.does("install", "rebootd", chart, ...here, ...args);
  const lease = () => api.get<V1Lease>(`${leases}/rebootd`, { signal });
  const lock = async () => (await lease()).metadata?.annotations?.["rebootd.dev/lock"];
  const args = async () => {
    const { spec } = await api.get<V1DaemonSet>(`${daemonSets}/rebootd`, { signal });
    return spec?.template.spec?.containers[0]?.args ?? [];
  };

  it("says the next command, and where the lock is", async () => {
    const notes = await install();
    assert.match(notes, /kubectl -n kube-system rollout status daemonset\/rebootd/);
    assert.match(notes, /The lock is on lease\/rebootd in kube-system\./);
    assert.match(
      await helm.does("get", "notes", "rebootd", `--namespace=${namespace}`),
      /rebootd explain NODE/,
    );
  });

  it("keeps the lock through upgrades, a roll-back, and even its end", async () => {
    await install();
    const held = JSON.stringify({ nodeID: "n1", created: "2026-11-24T12:00:00Z" });
    await api.patch(
      `${leases}/rebootd`,
      { metadata: { annotations: { "rebootd.dev/lock": held } } },
      { signal },
    );

    await helm.does("upgrade", "rebootd", chart, ...here, "--set=configuration.concurrency=2");
    assert.ok((await args()).includes("--concurrency=2"));
    assert.equal(await lock(), held);

    await helm.does("rollback", "rebootd", "1", `--namespace=${namespace}`, "--server-side=false");
    assert.ok(!(await args()).includes("--concurrency=2"));
    assert.equal(await lock(), held);

    await helm.does("uninstall", "rebootd", `--namespace=${namespace}`);
    assert.equal(server.api.stored("daemonsets.apps", `${namespace}/rebootd`), undefined);
    assert.equal(await lock(), held);

    await install();
    assert.equal(await lock(), held);
  });

  it("is tested by a pod with the options of the daemons, which changes nothing", async () => {
    await install("--set=configuration.drainGracePeriod=0");
    const tested = helm.run("test", "rebootd", `--namespace=${namespace}`, "--timeout=20s");
    const pods = `/api/v1/namespaces/${namespace}/pods/rebootd-test`;
    const pod = await untilThere(() => api.get<V1Pod>(pods, { signal }));
    await api.patch(`${pods}/status`, { status: { phase: "Succeeded" } }, { signal });
    const { code, text } = await tested;
    assert.equal(code, 0, text);
    assert.match(text, /Phase: +Succeeded/);
    assert.deepEqual(pod.spec?.containers[0]?.args, [...(await args()), "--once=true"]);
    assert.notEqual(pod.metadata?.labels?.["app.kubernetes.io/name"], "rebootd");

    await using world = await startWorld({ server, nodes: ["n1"] });
    const { folder, logFile } = world.node("n1");
    const spec = pod.spec ?? assert.fail("no pod");
    const place = { name: "n1", folder, logFile, kubeconfig: world.adminKubeconfig };
    const { exited } = startPod({ spec, namespace, secrets: {}, prometheusUrl: "" }, place);
    assert.equal(await exited, "exit code 0", readFileSync(logFile, "utf8"));
    assert.equal(await world.node("n1").record(), undefined);
  });
});

/** They mostly wait. */
const rollsAtATime = 4;
const rollsDeadlineMs = 5 * 60_000;
/** Four daemons and what plays their clusters start at a time, perhaps beside other work. */
const rollMaxMs = 2 * 60_000;

describe("The daemons of a release", () => {
  const rolls: (() => Promise<void>)[] = [];
  let prometheus: Server;
  let prometheusUrl: string;
  before(async () => {
    // Without alerts.
    prometheus = createServer((_, response) => {
      response.setHeader("content-type", "application/json");
      response.end('{"status":"success","data":{"resultType":"vector","result":[]}}');
    });
    await new Promise<void>((resolve) => prometheus.listen(0, "127.0.0.1", resolve));
    prometheusUrl = `http://127.0.0.1:${(prometheus.address() as AddressInfo).port}`;
    const lane = async () => {
      for (let next = rolls.shift(); next !== undefined; next = rolls.shift()) await next();
    };
    for (let n = 0; n < rollsAtATime; n += 1) void lane();
  });
  after(() => prometheus.close());

  for (const [name, file] of Object.entries(valuesFiles)) {
    const rolled = Promise.withResolvers<void>();
    rolled.promise.catch(() => {});
    rolls.push(() => roll(file, prometheusUrl).then(rolled.resolve, rolled.reject));
    it(`reboot a node with the values of ${name}`, () => rolled.promise).timeout(rollsDeadlineMs);
  }
});

/** A node that reboots by the daemon of a release with these values. */
async function roll(file: string, prometheusUrl: string): Promise<void> {
  const server = await startSimulatedServer(systemClock);
  const api = server.apiFor(administrator);
  const helm = startHelm(await server.kubeconfigFor(administrator));
  try {
    await ensureNamespace({ api, signal }, namespace);
    const values = parse(readFileSync(file, "utf8")) ?? {};
    const secrets = await othersObjects(api, values.configuration?.lockObject !== undefined);
    await helm.does("install", "rebootd", chart, ...here, `--values=${file}`);
    const release: string = values.fullnameOverride ?? "rebootd";
    const daemonSet = await api.get<V1DaemonSet>(`${daemonSets}/${release}`, { signal });
    const spec = daemonSet.spec?.template.spec ?? assert.fail("no pod");
    const pod = { spec, namespace, secrets: { ...secrets, ...(await ownSecret(api)) }, prometheusUrl };
    await using world = await startWorld({
      server,
      nodes: ["n1"],
      daemonUser: (node) => ({
        name: `system:serviceaccount:${namespace}:${spec.serviceAccountName}`,
        groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
        extra: { "authentication.kubernetes.io/node-name": [node] },
      }),
      startDaemon: (place) => startPod(pod, place),
    });
    const node = world.node("n1");
    const before = node.machine.boots.length;
    node.wantsReboot();
    try {
      await world.until("the node has rebooted", () => node.machine.boots.length === before + 1, rollMaxMs);
      await world.until("the node is in service again", async () => {
        const { spec: now } = await node.object();
        return now?.unschedulable !== true && (await node.phase()) === "Idle";
      });
    } catch (error) {
      throw new Error(`${(error as Error).message}; its log:\n${readFileSync(node.logFile, "utf8")}`, {
        cause: error,
      });
    }
  } finally {
    helm.stop();
    await server.stop();
  }
}

/** What the files of values refer to: Secrets, kured, and the Lease of another release. */
async function othersObjects(api: Api, hasLease: boolean): Promise<Secrets> {
  const { key, cert } = await certificate("rebootd");
  const secrets: Secrets = {
    "kured-notify": { url: "generic+http://127.0.0.1:9/kured" },
    messages: {
      urls: "generic+http://127.0.0.1:9/a\ngeneric+http://127.0.0.1:9/b\n",
      slack: "http://127.0.0.1:9/slack",
    },
    "prometheus-access": { token: "t0ken", user: "me:secret", "ca.crt": cert },
    "metrics-tls": { "tls.crt": cert, "tls.key": key },
    "metrics-token": { token: "t0ken" },
  };
  const labels = { name: "kured" };
  const template = {
    metadata: { labels },
    spec: { containers: [{ name: "kured", image: "kured:1" }], nodeSelector: { none: "none" } },
  };
  const kured = {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: "kured" },
    spec: { selector: { matchLabels: labels }, template },
  };
  await api.create(daemonSets, kured, { signal });
  const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "rebootd" } };
  if (hasLease) await api.create(leases, lease, { signal });
  return secrets;
}

/** The Secret that the chart creates, if it does. */
async function ownSecret(api: Api): Promise<Secrets> {
  try {
    const { data = {} } = await api.get<V1Secret>(`/api/v1/namespaces/${namespace}/secrets/rebootd`, {
      signal,
    });
    const texts = Object.entries(data).map(([key, text]) => [key, Buffer.from(text, "base64").toString()]);
    return { rebootd: Object.fromEntries(texts) as Record<string, string> };
  } catch {
    return {};
  }
}

async function untilThere<T>(get: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await get();
    } catch (error) {
      if (tries === 100) throw error;
      await systemClock.sleep(100, signal);
    }
  }
}
