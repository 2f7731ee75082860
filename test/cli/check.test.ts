import assert from "node:assert/strict";
import { loadYaml } from "@kubernetes/client-node";
import type { Finding } from "../../daemon/cli/check/finding.ts";
import { createLook } from "../../daemon/cli/check/look.ts";
import { policies } from "../../daemon/cli/check/policies.ts";
import { daemonRights, rightText } from "../../daemon/cli/check/rights.ts";
import { type Checkup, runItems } from "../../daemon/cli/check/run-items.ts";
import { prometheusItem, serviceOf } from "../../daemon/cli/check/servers.ts";
import { checkText } from "../../daemon/cli/check/text.ts";
import { type Api, ApiError, type CallOptions } from "../../daemon/cluster/api.ts";
import type { DaemonSet } from "../../daemon/cluster/objects.ts";
import { idleRecord, writeRecord } from "../../daemon/cycle/record.ts";
import type { HttpSend } from "../../daemon/http/send.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { iso, minute, noon } from "../cycle/builders.ts";
import { everyRow } from "../rows.ts";
import { type PolicyRule, readManifests } from "../world/manifests.ts";
import {
  type CheckCluster,
  counted,
  healthyCluster,
  startCheckCluster,
  withService,
} from "./check-cluster.ts";
import { assertGolden, inWords } from "./golden.ts";

const { signal } = new AbortController();
const lease = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/rebootd";
const admission = "/apis/admissionregistration.k8s.io/v1";

const annotate = (cluster: CheckCluster, path: string, annotations: Record<string, string>) =>
  cluster.api.patch(path, { metadata: { annotations } }, { signal });
const setLock = (cluster: CheckCluster, value: string) =>
  annotate(cluster, lease, { "rebootd.dev/lock": value });
const setRecord = (cluster: CheckCluster, node: string, text: string) =>
  annotate(cluster, `/api/v1/nodes/${node}`, { "rebootd.dev/cycle": text });
const withArgs = (cluster: CheckCluster, ...args: string[]) =>
  cluster.changeDaemonSet((set) => {
    counted(2)(set);
    set.spec?.template.spec?.containers[0]?.args?.push(...args);
  });
function addKured({ api }: CheckCluster): Promise<unknown> {
  const labels = { name: "kured" };
  const containers = [{ name: "kured", image: "ghcr.io/kubereboot/kured:1.23.0" }];
  const template = { metadata: { labels }, spec: { containers } };
  const body = { metadata: { name: "kured" }, spec: { selector: { matchLabels: labels }, template } };
  return api.create("/apis/apps/v1/namespaces/kube-system/daemonsets", body, { signal });
}
/** The same API, with one answer changed. */
const answering = (api: Api, path: string, answer: () => unknown): Api => ({
  ...api,
  get: async <T>(asked: string, options: Parameters<Api["get"]>[1]) =>
    asked === path ? (answer() as T) : await api.get<T>(asked, options),
});
const prometheus = "--prometheus-url=http://prometheus.monitoring.svc:9090/";

interface Row {
  /** May return the API that the person has. */
  plant: (cluster: CheckCluster) => Promise<Api | unknown>;
  item: string;
  result: Finding["result"];
  says: RegExp;
  fix?: RegExp;
}

const vector = (value: string) => ({
  status: "success",
  data: { resultType: "vector", result: [{ value: [0, value] }] },
});
const group = (...names: string[]) => ({ data: { groups: [{ rules: names.map((name) => ({ name })) }] } });
const served = async (cluster: CheckCluster, nodes: string, ...alerts: string[]) => {
  await withArgs(cluster, prometheus);
  return withService(cluster.api, (_, path) => (path.endsWith("/rules") ? group(...alerts) : vector(nodes)));
};

const faults: Record<string, Row> = {
  "an old server": {
    plant: async ({ api }) =>
      answering(api, "/version", () => ({ gitVersion: "v1.21.3", major: "1", minor: "21+" })),
    item: "Kubernetes",
    result: "failed",
    says: /^v1\.21\.3 is too old: rebootd needs 1\.22$/,
    fix: /^upgrade/,
  },
  "a server without admission policies": {
    plant: async ({ api }) =>
      answering(api, "/version", () => ({ gitVersion: "v1.29.0", major: "1", minor: "29" })),
    item: "Kubernetes",
    result: "warning",
    says: /has no admission policies/,
    fix: /without-admission/,
  },
  "Talos on a node": {
    plant: ({ addNode }) => addNode("n3", { nodeInfo: { osImage: "Talos (v1.11.0)" } }),
    item: "nodes",
    result: "warning",
    says: /^Talos on 1 node \(n3\)$/,
    fix: /talosctl/,
  },
  "Bottlerocket on a node": {
    plant: ({ addNode }) => addNode("n3", { nodeInfo: { osImage: "Bottlerocket OS 1.50.0" } }),
    item: "nodes",
    result: "warning",
    says: /^Bottlerocket on 1 node/,
    fix: /no shell/,
  },
  "a node with Windows": {
    plant: ({ addNode }) => addNode("n3", { nodeInfo: { operatingSystem: "windows" } }),
    item: "nodes",
    result: "ok",
    says: /^2 nodes with Linux; 1 node without Linux/,
  },
  "a kubelet without a boot ID": {
    plant: ({ addNode }) => addNode("n3", { nodeInfo: { bootID: "" } }),
    item: "nodes",
    result: "failed",
    says: /reports no boot ID on 1 node \(n3\)/,
  },
  "a person who may only read Nodes": {
    plant: ({ userWith }) => userWith([{ apiGroups: [""], resources: ["nodes"], verbs: ["get", "list"] }]),
    item: "your rights",
    result: "warning",
    says: /^you may not list pods \(status, explain, plan\); list daemonsets\.apps/,
  },
  "a person who may read, and not ask for the rights of others": {
    plant: ({ userWith }) =>
      userWith([{ apiGroups: ["*"], resources: ["*"], verbs: ["get", "list", "watch"] }]),
    item: "rights of the daemons",
    result: "warning",
    says: /^you may not ask for the rights of others/,
    fix: /kubectl auth can-i/,
  },
  "a person who may only read": {
    plant: ({ userWith }) =>
      userWith([{ apiGroups: ["*"], resources: ["*"], verbs: ["get", "list", "watch"] }]),
    item: "your rights",
    result: "ok",
    says: /^you may read all that the commands show, but not patch nodes/,
  },
  "a daemon that is not Ready": {
    plant: async ({ addNode, addDaemon, changeDaemonSet }) => {
      await addNode("n3");
      await addDaemon("n3", { isReady: false });
      await changeDaemonSet(counted(2, 3));
    },
    item: "DaemonSet",
    result: "failed",
    says: /2 of 3 pods are Ready/,
    fix: /^rebootd explain n3$/,
  },
  "a DaemonSet that selects no node": {
    plant: ({ changeDaemonSet }) => changeDaemonSet(counted(0)),
    item: "DaemonSet",
    result: "failed",
    says: /a pod on no node; its node selector is kubernetes\.io\/os=linux/,
  },
  "a node with a taint": {
    plant: ({ addNode }) =>
      addNode("n3", { spec: { taints: [{ key: "example.com/gpu", effect: "NoSchedule" }] } }),
    item: "nodes without a daemon",
    result: "warning",
    says: /^1 node \(n3\): the DaemonSet does not tolerate the taint example\.com\/gpu$/,
    fix: /toleration/,
  },
  "a node that has no daemon yet": {
    plant: ({ addNode }) => {
      const taints = [
        { key: "example.com/rather-not", effect: "PreferNoSchedule" },
        { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" },
      ];
      return addNode("n3", { spec: { taints } });
    },
    item: "nodes without a daemon",
    result: "warning",
    says: /^1 node \(n3\): no reason is visible in the Node$/,
    fix: /kubectl describe daemonset/,
  },
  "a node that the selector leaves out": {
    plant: ({ addNode }) => addNode("n3", { metadata: { labels: {} } }),
    item: "nodes without a daemon",
    result: "warning",
    says: /node selector or affinity/,
  },
  "two images": {
    plant: async ({ addNode, addDaemon }) => {
      await addNode("n3");
      await addDaemon("n3", { image: "rebootd:0.0.9" });
    },
    item: "image",
    result: "warning",
    says: /rebootd:0\.1\.0 on 2 nodes, rebootd:0\.0\.9 on 1 node/,
  },
  "an invalid option": {
    plant: (cluster) => withArgs(cluster, "--drain-timeout=soon"),
    item: "options",
    result: "failed",
    says: /invalid value "soon" for --drain-timeout/,
  },
  "an unknown option": {
    plant: (cluster) => withArgs(cluster, "--concurrency"),
    item: "options",
    result: "failed",
    says: /arguments with which no daemon starts/,
  },
  "a role that was taken away": {
    plant: ({ api }) =>
      api.delete("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/rebootd", {}, { signal }),
    item: "rights of the daemons",
    result: "failed",
    says: /kube-system\/rebootd may not get nodes; list nodes; .*create pods\/eviction/,
    fix: /^kubectl apply/,
  },
  "a drain that deletes without the right": {
    plant: (cluster) => withArgs(cluster, "--drain-escalation=evict:10m,delete"),
    item: "rights of the daemons",
    result: "failed",
    says: /may not delete pods$/,
    fix: /components\/delete-pods/,
  },
  "a drain that stops pods of DaemonSets without the right": {
    plant: (cluster) => withArgs(cluster, "--daemonset-stop-selector=stop"),
    item: "rights of the daemons",
    result: "failed",
    says: /may not delete pods$/,
    fix: /components\/delete-pods/,
  },
  "options for hook Jobs without their right": {
    plant: (cluster) => withArgs(cluster, "--before-reboot-job=storage/set-noout"),
    item: "rights of the daemons",
    result: "failed",
    says: /may not get jobs\.batch in storage; create jobs\.batch in storage; .*; get pods\/log in storage$/,
    fix: /components\/hook-jobs/,
  },
  "a selector of pods to surge without the rights": {
    plant: (cluster) => withArgs(cluster, "--surge-selector=app=web"),
    item: "rights of the daemons",
    result: "failed",
    says: /may not get replicasets.apps; get deployments.apps; patch deployments.apps$/,
    fix: /^add manifests\/components\/surge$/,
  },
  "conditions of health without the rights": {
    plant: (cluster) =>
      withArgs(
        cluster,
        "--healthy-when=ceph.rook.io/v1/CephCluster/rook-ceph/rook-ceph: status.ceph.health == 'HEALTH_OK'",
        "--healthy-when=v1/Node: true",
        "--healthy-when=example.com/v1/Thing: true",
        "--healthy-before-uncordon=longhorn.io/v1beta2/Volume/longhorn-system: true",
      ),
    item: "rights of the daemons",
    result: "failed",
    says: /may not get cephclusters.ceph.rook.io rook-ceph in rook-ceph; list volumes.longhorn.io in longhorn-system$/,
    fix: /components\/health/,
  },
  "an expression that cannot be compiled": {
    plant: (cluster) => withArgs(cluster, "--healthy-when=v1/Node: state"),
    item: "options",
    result: "failed",
    says: /invalid value "v1\/Node: state" for --healthy-when: .*Unknown variable: state/,
    fix: /rebootd run --help has the rules/,
  },
  "a policy that was removed": {
    plant: ({ api }) =>
      api.delete(`${admission}/validatingadmissionpolicies/rebootd-records`, {}, { signal }),
    item: "admission policies",
    result: "warning",
    says: /there is no rebootd-records/,
  },
  "a policy without a binding": {
    plant: ({ api }) => api.delete(`${admission}/validatingadmissionpolicybindings/rebootd`, {}, { signal }),
    item: "admission policies",
    result: "warning",
    says: /^rebootd, which .*, has no binding that denies$/,
  },
  "a policy that only warns": {
    plant: ({ api }) =>
      api.patch(
        `${admission}/validatingadmissionpolicybindings/rebootd`,
        { spec: { validationActions: ["Warn", "Audit"] } },
        { signal },
      ),
    item: "admission policies",
    result: "warning",
    says: /has no binding that denies$/,
  },
  "no lock object": {
    plant: ({ api }) => api.delete(lease, {}, { signal }),
    item: "lock",
    result: "failed",
    says: /there is no lease\/rebootd in kube-system/,
  },
  "two locks": {
    plant: async ({ api }) => {
      const manifest = readManifests().find(({ kind }) => kind === "DaemonSet");
      await api.create("/api/v1/namespaces", { metadata: { name: "other" } }, { signal });
      const body = { ...manifest, metadata: { ...manifest?.metadata, namespace: "other" } };
      return api.create("/apis/apps/v1/namespaces/other/daemonsets", body, { signal });
    },
    item: "lock",
    result: "failed",
    says: /runs with more than one lock/,
  },
  "a lock that cannot be read": {
    plant: (cluster) => setLock(cluster, "{"),
    item: "lock",
    result: "failed",
    says: /cannot be read as a lock/,
    fix: /^rebootd unlock --all$/,
  },
  "a holder that is gone": {
    plant: (cluster) => setLock(cluster, `{"nodeID":"n9","created":"${iso(noon)}","TTL":0}`),
    item: "lock",
    result: "warning",
    says: /the holder n9 is no Node/,
    fix: /^rebootd unlock n9$/,
  },
  "a holder that has expired": {
    plant: (cluster) =>
      setLock(cluster, `{"nodeID":"n1","created":"${iso(noon - minute)}","TTL":1000000000}`),
    item: "lock",
    result: "warning",
    says: /the entry of n1 has expired/,
  },
  "a lock by hand": {
    plant: (cluster) => setLock(cluster, '{"nodeID":"manual","reason":"new switch"}'),
    item: "lock",
    result: "warning",
    says: /locked by hand.*: new switch$/,
    fix: /^rebootd unlock$/,
  },
  "a pause of all nodes": {
    plant: (cluster) => annotate(cluster, lease, { "rebootd.dev/paused": "true: storm" }),
    item: "lock",
    result: "warning",
    says: /storm/,
    fix: /^rebootd resume --all$/,
  },
  "failures that halt all nodes": {
    plant: (cluster) =>
      annotate(cluster, lease, {
        "rebootd.dev/failures": "{",
      }),
    item: "lock",
    result: "failed",
    says: /^HALTED/,
    fix: /^rebootd resume --all$/,
  },
  "a record that cannot be read": {
    plant: (cluster) => setRecord(cluster, "n1", "{"),
    item: "records on the Nodes",
    result: "warning",
    says: /cannot be read on 1 node \(n1\)/,
  },
  "a cycle that has stopped": {
    plant: (cluster) =>
      setRecord(cluster, "n1", writeRecord({ ...idleRecord(noon - 300 * minute), phase: "Draining" })),
    item: "records on the Nodes",
    result: "warning",
    says: /has not gone on for 4h on 1 node \(n1\)/,
    fix: /^rebootd explain n1$/,
  },
  "a node in need without a daemon": {
    plant: async (cluster) => {
      await cluster.addNode("n3");
      const need = { source: "file", reasons: [], since: iso(noon) };
      await setRecord(cluster, "n3", writeRecord({ ...idleRecord(noon), phase: "Waiting", need }));
    },
    item: "records on the Nodes",
    result: "warning",
    says: /no daemon is Ready, on 1 node \(n3\)/,
  },
  "kured with a lock of its own": {
    plant: addKured,
    item: "other reboot managers",
    result: "failed",
    says: /^kured \(kube-system\/kured\) reboots nodes under another lock/,
    fix: /--lock-object=daemonset\/kured/,
  },
  "kured with the same lock": {
    plant: async (cluster) => {
      await withArgs(cluster, "--lock-object=daemonset/kured", "--ds-namespace=kube-system");
      await addKured(cluster);
    },
    item: "other reboot managers",
    result: "ok",
    says: /^kured \(kube-system\/kured\) shares its lock with rebootd$/,
  },
  "plans of the system-upgrade-controller": {
    plant: async ({ api }) => ({
      ...api,
      list: async <T>(path: string, options: CallOptions) =>
        path.startsWith("/apis/upgrade.cattle.io/")
          ? { metadata: {}, items: [{}, {}] as T[] }
          : await api.list<T>(path, options),
    }),
    item: "other reboot managers",
    result: "warning",
    says: /has 2 plans/,
  },
  "the operator of Flatcar": {
    plant: (cluster) =>
      annotate(cluster, "/api/v1/nodes/n2", {
        "flatcar-linux-update.v1.flatcar-linux.net/reboot-needed": "false",
      }),
    item: "other reboot managers",
    result: "warning",
    says: /^Flatcar update operator reboots nodes .*: on 1 node \(n2\)$/,
  },
  "an upgrade of AKS that could not be finished": {
    plant: (cluster) =>
      cluster.addNode("n3", {
        metadata: { labels: { "kubernetes.azure.com/upgrade-status": "Quarantined" } },
      }),
    item: "other reboot managers",
    result: "warning",
    says: /^AKS replaces nodes, .*: on 1 node \(n3\)$/,
  },
  "a Prometheus that is not there": {
    plant: async (cluster) => {
      await withArgs(cluster, prometheus);
      return withService(cluster.api, () => {
        throw new ApiError('services "prometheus" not found', { code: "not-found" });
      });
    },
    item: "Prometheus",
    result: "failed",
    says: /^http:\/\/prometheus\.monitoring\.svc:9090 does not .*through the API server\): services "prometheus" not found$/,
    fix: /--prometheus-url/,
  },
  "an Alertmanager that is not there": {
    plant: async (cluster) => {
      await withArgs(cluster, prometheus, "--alertmanager-url=http://am.monitoring.svc:9093");
      return withService(cluster.api, (service) => {
        if (service === "monitoring/am:9093") throw new ApiError("no endpoints", { code: "server-error" });
        return vector("2");
      });
    },
    item: "Alertmanager",
    result: "failed",
    says: /no endpoints/,
  },
  "a Prometheus without the rules": {
    plant: (cluster) => served(cluster, "2", "KubeNodeNotReady"),
    item: "alert rules",
    result: "warning",
    says: /has none of rebootd/,
    fix: /components\/monitoring/,
  },
  "a Prometheus without the metrics": {
    plant: (cluster) => served(cluster, "1", "RebootdHalted"),
    item: "metrics",
    result: "warning",
    says: /has metrics of 1 of 2 daemons/,
  },
};

async function findings(cluster: CheckCluster, api?: Api): Promise<{ code: number; found: Checkup }> {
  const { code, out } = await cluster.check(["-o", "json"], api);
  return { code, found: JSON.parse(out) };
}

const isApi = (value: unknown): value is Api =>
  typeof value === "object" && value !== null && "watch" in value;

describe("A check of a healthy installation", () => {
  it("finds nothing, and reads only", async () => {
    const cluster = await healthyCluster();
    const before = cluster.verbs().length;
    const { code, out, err } = await cluster.check();
    assert.deepEqual([code, err], [0, ""]);
    assertGolden("check/healthy", out);
    const asked = cluster.verbs().slice(before);
    const writes = asked.filter((one) => !/^(?:get|list) |^create (?:self)?subjectaccessreviews$/.test(one));
    assert.deepEqual(writes, []);
    // The first one also loads the program.
  }).timeout(20_000);

  it("finds its Prometheus through the API server, with the rules and the metrics", async () => {
    const cluster = await healthyCluster();
    const { found } = await findings(cluster, await served(cluster, "2", "RebootdHalted", "RebootdHalted"));
    const said = (item: string) => found.findings.find((one) => one.item === item)?.message;
    assert.equal(
      said("Prometheus"),
      "http://prometheus.monitoring.svc:9090 answers (asked through the API server)",
    );
    assert.equal(said("alert rules"), "1 alert of rebootd in http://prometheus.monitoring.svc:9090");
    assert.match(said("metrics") ?? "", /2 of 2 daemons/);
  });

  it("comes as JSON and as YAML, with the same in both", async () => {
    const cluster = await healthyCluster();
    const json = await cluster.check(["-o", "json"]);
    assert.deepEqual(loadYaml((await cluster.check(["-o", "yaml"])).out), JSON.parse(json.out));
  });
});

describe("A check of an installation", () => {
  for (const [what, { plant, item, result, says, fix }] of Object.entries(faults)) {
    it(`with ${what} says so`, async () => {
      const cluster = await healthyCluster();
      const planted = await plant(cluster);
      const { code, found } = await findings(cluster, isApi(planted) ? planted : undefined);
      const wrong = found.findings.filter((one) => one.item === item && one.result === result);
      const fits = wrong.find((one) => says.test(one.message));
      assert.ok(fits, `${item}: ${JSON.stringify(found.findings.filter((one) => one.item === item))}`);
      if (fix !== undefined) assert.match(fits.fix ?? "", fix);
      assert.equal(code, found.count.failed > 0 ? 1 : 0);
    });
  }

  it("that is none says what is missing", async () => {
    const cluster = await startCheckCluster({ without: ["DaemonSet", "Lease"] });
    const { code, out } = await cluster.check();
    assert.equal(code, 1);
    assertGolden("check/nothing-installed", out);
  });

  it("that is slow is given up, and the rest is shown", async () => {
    const { api } = await startCheckCluster();
    const look = createLook({
      api,
      clock: { ...systemClock, sleep: async () => {} },
      signal,
      send: () => assert.fail("no server"),
      openAccess: () => assert.fail("no lock"),
    });
    const { findings } = await runItems([{ name: "slow", run: () => new Promise(() => {}) }], look);
    assert.deepEqual(findings, [
      { item: "slow", result: "warning", message: "cannot be looked at: slow: timed out after 15 s" },
    ]);
  });

  it("whose API server cannot be reached is one line", async () => {
    const cluster = await startCheckCluster();
    const away = answering(cluster.api, "/version", () => {
      throw new ApiError("get /version: connection refused", { code: "unreachable" });
    });
    const { code, out, err } = await cluster.check([], away);
    assert.deepEqual([code, out, err], [1, "", "rebootd: get /version: connection refused\n"]);
  });

  it("with a namespace in which no daemon has its lock warns", async () => {
    const cluster = await healthyCluster();
    await cluster.api.create("/api/v1/namespaces", { metadata: { name: "other" } }, { signal });
    const leases = "/apis/coordination.k8s.io/v1/namespaces/other/leases";
    await cluster.api.create(leases, { metadata: { name: "rebootd" } }, { signal });
    const { out, err } = await cluster.check(["-n", "other"]);
    assert.match(out, /^warning {2}lock: rebootd runs in namespace kube-system .*does not look at/m);
    assert.equal(err, "");
  });

  it("by a person without any right names what cannot be looked at", async () => {
    const cluster = await healthyCluster();
    const { code, out } = await cluster.check([], await cluster.userWith([]));
    assert.equal(code, 0);
    assertGolden("check/no-rights", out);
  });
});

describe("A check of a server elsewhere", () => {
  const checked = async (answer: () => { status: number; text: string }) => {
    const { api } = await startCheckCluster();
    await api.patch(
      "/apis/apps/v1/namespaces/kube-system/daemonsets/rebootd",
      await argsOf(api, "--prometheus-url=https://reader:secret@prom.example.com/base"),
      { signal },
    );
    const asked: string[] = [];
    const send: HttpSend = async ({ url }) => {
      asked.push(url.replace(/\?.*/, ""));
      return { ...answer(), headers: {} };
    };
    const openAccess = () => assert.fail("the lock is not looked at");
    const look = createLook({ api, clock: systemClock, signal, send, openAccess });
    const { findings } = await runItems([prometheusItem], look);
    return { asked, findings };
  };
  const argsOf = async (api: Api, arg: string) => {
    const set = await api.get<DaemonSet>("/apis/apps/v1/namespaces/kube-system/daemonsets/rebootd", {
      signal,
    });
    set.spec?.template.spec?.containers[0]?.args?.push(arg);
    return { spec: set.spec };
  };

  it("asks it from here, and shows no password", async () => {
    const rows = [
      ["an answer", 200, "{}", "ok", / answers \(asked from here\)$/],
      ["credentials that are wanted", 401, "", "ok", /wants credentials that only the daemons have/],
      ["an error", 502, "", "warning", /it answers 502$/],
      ["no JSON", 200, "<html>", "failed", /not JSON/],
    ] as const;
    await everyRow(rows, async (status, text, result, says) => {
      const { asked, findings } = await checked(() => ({ status, text }));
      assert.deepEqual(
        findings.map((one) => one.result),
        [result],
      );
      assert.match(findings[0]?.message ?? "", says);
      assert.match(findings[0]?.message ?? "", /^https:\/\/prom\.example\.com\/base /);
      assert.deepEqual(asked.length, 1);
      assert.match(asked[0] ?? "", /\/base\/api\/v1\/query$/);
    });
  });

  it("warns where it cannot be reached from here, as the daemons may reach it", async () => {
    const { findings } = await checked(() => {
      throw new Error("connect ECONNREFUSED");
    });
    assert.deepEqual([findings[0]?.result, findings[0]?.fix?.includes("explain")], ["warning", true]);
  });
});

describe("The text of a check", () => {
  const found: Checkup = {
    findings: [
      { item: "Kubernetes", result: "ok", message: "v1.36.2" },
      {
        item: "nodes without a daemon",
        result: "warning",
        message: "3 nodes (n1, n2, n3): the DaemonSet does not tolerate the taint example.com/gpu\u001b[31m",
        fix: "add a toleration to the DaemonSet, if they are to reboot too, and then look at it again",
      },
      { item: "lock", result: "failed", message: "there is no lease/rebootd in kube-system", fix: "apply" },
    ],
    count: { ok: 1, warning: 1, failed: 1 },
  };
  for (const columns of [80, 160]) {
    it(`fits ${columns} columns, and does not break a fix`, () =>
      assertGolden(`check/text-${columns}`, inWords(checkText(found, { columns }))));
  }
});

describe("The rights that a check asks for", () => {
  it("are those that the manifests give the daemons", () => {
    const roles = readManifests().filter(
      ({ kind, metadata }) => kind === "ClusterRole" && metadata.name !== "rebootd-records",
    );
    const given = roles
      .flatMap((role) => (role as unknown as { rules: PolicyRule[] }).rules)
      .flatMap(({ apiGroups, resources, verbs }) =>
        apiGroups.flatMap((group) =>
          resources.flatMap((resource) => verbs.map((verb) => rightText({ verb, group, resource }))),
        ),
      );
    assert.deepEqual(daemonRights.map(rightText).sort(), given.sort());
  });

  it("are of all policies in the manifests", () => {
    const names = readManifests()
      .filter(({ kind }) => kind === "ValidatingAdmissionPolicy")
      .map(({ metadata }) => metadata.name);
    assert.deepEqual(Object.keys(policies), names);
  });
});

describe("The Service in a URL", () => {
  const rows = [
    [
      "http://prometheus.monitoring.svc:9090/",
      { namespace: "monitoring", port: "prometheus:9090", path: "" },
    ],
    ["http://p.m.svc.cluster.local/prom/", { namespace: "m", port: "p:80", path: "/prom" }],
    ["https://p.m.svc", { namespace: "m", port: "https:p:443", path: "" }],
    ["http://prometheus:9090", { namespace: "own", port: "prometheus:9090", path: "" }],
    ["http://prometheus.example.com:9090", undefined],
    ["http://localhost:9090", undefined],
    ["http://10.0.0.1:9090", undefined],
    ["http://[::1]:9090", undefined],
  ] as const;
  it("is found by its name, and in the namespace of the daemon without one", () =>
    everyRow(
      rows.map(([url, service]) => [url, url, service] as const),
      (url, service) => assert.deepEqual(serviceOf(new URL(url), "own"), service),
    ));
});
