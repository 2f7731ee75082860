/** A cluster in which rebootd is installed as it should be, to break one thing in. */
import { type Api, ApiError, type CallOptions } from "../../daemon/cluster/api.ts";
import { createClient } from "../../daemon/cluster/client.ts";
import type { DaemonSet } from "../../daemon/cluster/objects.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { noon } from "../cycle/builders.ts";
import { createApiServer } from "../kubernetes/api/server.ts";
import { type Typed, type } from "../simulation/typed.ts";
import { createManifests, readManifests } from "../world/manifests.ts";

const { signal } = new AbortController();
const clock = { ...systemClock, wall: () => noon };
const daemonSets = "/apis/apps/v1/namespaces/kube-system/daemonsets";
const ready = { type: "Ready", status: "True" };

export interface CheckCluster {
  api: Api;
  /** The exit code and the output of `rebootd check`; by default asked by an administrator. */
  check(args?: readonly string[], api?: Api): Promise<Typed>;
  /** Of a user with these rights of reading and writing, and no others. */
  userWith(rules: readonly object[], name?: string): Promise<Api>;
  addNode(name: string, changes?: NodeChanges): Promise<void>;
  addDaemon(node: string, changes?: { image?: string; isReady?: boolean }): Promise<void>;
  /** Changes the DaemonSet, and says in its status that all its pods are as it is now. */
  changeDaemonSet(change: (set: DaemonSet) => void): Promise<void>;
  /** Verbs of all requests by administrators. */
  verbs(): string[];
}

export interface NodeChanges {
  metadata?: object;
  spec?: object;
  nodeInfo?: object;
}

export async function startCheckCluster({
  without = [],
}: {
  without?: string[];
} = {}): Promise<CheckCluster> {
  const server = createApiServer();
  const clientFor = (token: string) => createClient({ transport: server.transport(token), clock });
  const api = clientFor(server.adminToken);
  const create = (path: string, body: object) => api.create(path, body, { signal });
  await create("/api/v1/namespaces", { metadata: { name: "kube-system" } }).catch(unlessThere);
  await createManifests(api, signal, { without: ["DaemonSet", ...without] });
  const manifest = readManifests().find(({ kind }) => kind === "DaemonSet");
  if (!without.includes("DaemonSet")) await create(daemonSets, manifest as object);

  const cluster: CheckCluster = {
    api,
    check: (args = [], own = api) => type({ api: own, signal, time: { clock } }, ["check", ...args]),
    async userWith(rules, name = "reader") {
      const rbac = "/apis/rbac.authorization.k8s.io/v1";
      await create(`${rbac}/clusterroles`, { metadata: { name }, rules });
      await create(`${rbac}/clusterrolebindings`, {
        metadata: { name },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name }],
      });
      return clientFor(server.addUser({ name, groups: ["system:authenticated"] }));
    },
    async addNode(name, { metadata = {}, spec = {}, nodeInfo = {} } = {}) {
      const labels = { "kubernetes.io/os": "linux", "kubernetes.io/hostname": name };
      await create("/api/v1/nodes", { metadata: { name, labels, ...metadata }, spec });
      const info = { operatingSystem: "linux", osImage: "Debian GNU/Linux 13", bootID: name, ...nodeInfo };
      const status = { conditions: [ready], nodeInfo: { ...info, kubeletVersion: "v1.36.2" } };
      await api.patch(`/api/v1/nodes/${name}/status`, { status }, { signal });
    },
    async addDaemon(node, { image = "rebootd:0.1.0", isReady = true } = {}) {
      const pods = "/api/v1/namespaces/kube-system/pods";
      const labels = { "app.kubernetes.io/name": "rebootd" };
      const name = `rebootd-${node}`;
      await create(pods, {
        metadata: { name, labels },
        spec: { nodeName: node, containers: [{ name: "rebootd", image }] },
      });
      const status = { phase: "Running", conditions: [{ ...ready, status: isReady ? "True" : "False" }] };
      await api.patch(`${pods}/${name}/status`, { status }, { signal });
    },
    async changeDaemonSet(change) {
      const path = `${daemonSets}/rebootd`;
      const set = structuredClone(await api.get<DaemonSet>(path, { signal }));
      change(set);
      const { generation } = await api
        .patch<DaemonSet>(path, { spec: set.spec }, { signal })
        .then(generationOf);
      const { status = {} } = set;
      await api.patch(
        `${path}/status`,
        { status: { ...status, observedGeneration: generation } },
        { signal },
      );
    },
    verbs: () =>
      server.ledger.entries({ user: "kubernetes-admin" }).map(({ verb, resource }) => `${verb} ${resource}`),
  };
  return cluster;
}

function generationOf({ metadata }: DaemonSet): { generation: number | undefined } {
  return { generation: metadata?.generation };
}

function unlessThere(error: unknown): void {
  if (!(error instanceof ApiError && error.code === "already-exists")) throw error;
}

export function counted(ready: number, desired = ready) {
  return (set: DaemonSet): void => {
    set.status = {
      currentNumberScheduled: desired,
      desiredNumberScheduled: desired,
      updatedNumberScheduled: desired,
      numberMisscheduled: 0,
      numberReady: ready,
    };
  };
}

/** Two nodes with their daemons, and nothing to find fault with. */
export async function healthyCluster(options?: { without?: string[] }): Promise<CheckCluster> {
  const cluster = await startCheckCluster(options);
  for (const node of ["n1", "n2"]) {
    await cluster.addNode(node);
    await cluster.addDaemon(node);
  }
  if (!options?.without?.includes("DaemonSet")) await cluster.changeDaemonSet(counted(2));
  return cluster;
}

/** The API, with a server behind a Service: `answer` gets the rest of the path, and throws an ApiError or answers. */
export function withService(
  api: Api,
  answer: (service: string, path: string, query: CallOptions["query"]) => unknown,
): Api {
  return {
    ...api,
    get: async <T>(path: string, options: CallOptions) => {
      const [, namespace, service = "", rest = ""] =
        /^\/api\/v1\/namespaces\/([^/]+)\/services\/([^/]+)\/proxy(.*)$/.exec(path) ?? [];
      if (namespace === undefined) return await api.get<T>(path, options);
      return answer(`${namespace}/${decodeURIComponent(service)}`, rest, options.query) as T;
    },
  };
}
