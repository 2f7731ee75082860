/**
 * kubectl's own table of what a drain does (TestDrain in k8s.io/kubectl/pkg/cmd/drain), run by kubectl itself against the
 * simulated server, each row by eviction and by deletion.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Api } from "../../daemon/cluster/api.ts";
import type { Pod } from "../../daemon/cluster/objects.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { administrator, type SimulatedServer, startSimulatedServer } from "../kubernetes/server.ts";
import { kubectls, type Session, startSession } from "./kubectl.ts";

interface PodFacts {
  ownedBy?: { kind: string; apiVersion: string; name: string };
  finished?: true;
  emptyDir?: true;
}

interface Row {
  what: string;
  args?: string;
  pod?: PodFacts;
  /** kubectl ends with an error. */
  fatal?: true;
  deletes?: true;
  says?: RegExp;
  /** The server refuses every eviction and every deletion. */
  refused?: true;
}

const controller = { kind: "ReplicationController", apiVersion: "v1", name: "rc" };
const replicaSet = { kind: "ReplicaSet", apiVersion: "apps/v1", name: "rs" };
const daemonSet = { kind: "DaemonSet", apiVersion: "apps/v1", name: "ds" };
const job = { kind: "Job", apiVersion: "batch/v1", name: "job" };
const unmanaged = /deleting Pods (that declare no controller|not managed by [^:]+): default\/bar/i;

const rows: Row[] = [
  { what: "RC-managed pod", pod: { ownedBy: controller }, deletes: true },
  { what: "DS-managed pod", pod: { ownedBy: daemonSet }, fatal: true },
  { what: "DS-managed terminated pod", pod: { ownedBy: daemonSet, finished: true }, deletes: true },
  { what: "orphaned DS-managed pod", pod: {}, fatal: true },
  { what: "orphaned DS-managed pod with --force", args: "--force", pod: {}, deletes: true, says: unmanaged },
  {
    what: "DS-managed pod with --ignore-daemonsets",
    args: "--ignore-daemonsets",
    pod: { ownedBy: daemonSet },
  },
  {
    what: "DS-managed pod with emptyDir with --ignore-daemonsets",
    args: "--ignore-daemonsets",
    pod: { ownedBy: daemonSet, emptyDir: true },
    says: /ignoring DaemonSet-managed Pods: default\/bar/i,
  },
  {
    what: "Job-managed pod with local storage",
    args: "--force --delete-emptydir-data",
    pod: { ownedBy: job, emptyDir: true },
    deletes: true,
  },
  { what: "Job-managed terminated pod", pod: { ownedBy: job, finished: true }, deletes: true },
  { what: "RS-managed pod", pod: { ownedBy: replicaSet }, deletes: true },
  { what: "naked pod", pod: {}, fatal: true },
  { what: "naked pod with --force", args: "--force", pod: {}, deletes: true },
  { what: "pod with EmptyDir", args: "--force", pod: { emptyDir: true }, fatal: true },
  {
    what: "terminated pod with emptyDir",
    pod: { ownedBy: job, emptyDir: true, finished: true },
    deletes: true,
  },
  {
    what: "pod with EmptyDir and --delete-emptydir-data",
    args: "--force --delete-emptydir-data",
    pod: { emptyDir: true },
    deletes: true,
  },
  { what: "empty node" },
  { what: "pod that the server does not let go", pod: { ownedBy: replicaSet }, refused: true, fatal: true },
];

const pods = "/api/v1/namespaces/default/pods";

describe("kubectl's drain table", () => {
  let server: SimulatedServer;
  let api: Api;
  let folder: string;
  let kubeconfig: string;
  const end = new AbortController();
  const { signal } = end;

  before(async () => {
    server = await startSimulatedServer(systemClock);
    api = server.apiFor(administrator);
    folder = mkdtempSync(join(tmpdir(), "rebootd-drain-"));
    kubeconfig = join(folder, "kubeconfig");
    writeFileSync(kubeconfig, await server.kubeconfigFor(administrator));
    await api
      .create("/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "default" } }, { signal })
      .catch(() => {});
    await api.create("/api/v1/nodes", { metadata: { name: "node" } }, { signal });
    const template = {
      metadata: { labels: { app: "ds" } },
      spec: { containers: [{ name: "main", image: "ds:1" }] },
    };
    const spec = { selector: { matchLabels: { app: "ds" } }, template };
    await api.create(
      "/apis/apps/v1/namespaces/default/daemonsets",
      { metadata: { name: "ds" }, spec },
      { signal },
    );
    void endTerminatingPods().catch(() => {});
  });
  after(async () => {
    end.abort(new Error("the tests are over"));
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  /** As a kubelet does it, at once. */
  async function endTerminatingPods(): Promise<void> {
    for await (const { type, object } of api.watch<Pod>("/api/v1/pods", { signal })) {
      const { name, deletionTimestamp } = object.metadata ?? {};
      if (type !== "MODIFIED" || deletionTimestamp === undefined) continue;
      await api.delete(`${pods}/${name}`, { gracePeriodSeconds: 0 }, { signal }).catch(() => {});
    }
  }

  async function createPod({ ownedBy, finished, emptyDir }: PodFacts): Promise<void> {
    const owners = ownedBy && {
      ownerReferences: [{ ...ownedBy, uid: "3a0b5b0e-0000-4000-8000-000000000000", controller: true }],
    };
    const volumes = emptyDir && { volumes: [{ name: "scratch", emptyDir: {} }] };
    const body = {
      metadata: { name: "bar", ...owners },
      spec: { nodeName: "node", containers: [{ name: "main", image: "bar:1" }], ...volumes },
    };
    await api.create(pods, body, { signal });
    const phase = finished ? "Succeeded" : "Running";
    await api.patch(`${pods}/bar/status`, { status: { phase } }, { signal });
  }

  async function isThere(): Promise<boolean> {
    const { items } = await api.get<{ items: Pod[] }>(pods, { signal });
    return items.length > 0;
  }

  for (const kubectl of kubectls()) {
    for (const [how, flags] of [
      ["eviction", []],
      ["deletion", ["--disable-eviction"]],
    ] as const) {
      describe(`${kubectl.title}, by ${how}`, () => {
        let session: Session;
        before(() => {
          session = startSession(kubectl, kubeconfig);
        });
        afterEach(async () => {
          server.api.faults.clear();
          if (await isThere()) await api.delete(`${pods}/bar`, { gracePeriodSeconds: 0 }, { signal });
          await api.patch("/api/v1/nodes/node", { spec: { unschedulable: null } }, { signal });
        });

        for (const { what, args = "", pod, fatal, deletes, says, refused } of rows) {
          it(what, async () => {
            if (pod !== undefined) await createPod(pod);
            if (refused) {
              const isAsked = ({
                verb,
                resource,
                subresource,
              }: {
                verb: string;
                resource: string;
                subresource: string;
              }) => resource === "pods" && (verb === "delete" || subresource === "eviction");
              server.api.faults.add({ match: { where: isAsked }, effect: { status: 500 } });
            }
            const { code, text } = await session.run([
              "drain",
              "node",
              ...flags,
              ...args.split(" ").filter(Boolean),
            ]);
            assert.equal(code !== 0, fatal === true, text);
            if (!fatal) assert.match(text, /node\/node (drained|evicted|deleted)/);
            if (says !== undefined) assert.match(text, says);
            assert.equal(await isThere(), pod !== undefined && !deletes, text);
          });
        }
      });
    }
  }
});
