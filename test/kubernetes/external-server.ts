import { dumpYaml, type KubeConfig } from "@kubernetes/client-node";
import { type Api, unlessNotFound } from "../../daemon/cluster/api.ts";
import { createClient } from "../../daemon/cluster/client.ts";
import { kubeconfigOf } from "../../daemon/cluster/kubeconfig.ts";
import { kubeconfigTransport } from "../../daemon/cluster/kubeconfig-transport.ts";
import type { Pod } from "../../daemon/cluster/objects.ts";
import { paths } from "../../daemon/cluster/paths.ts";
import type { Transport } from "../../daemon/cluster/transport.ts";
import type { Clock } from "../../daemon/time/clock.ts";
import { bodyOf, oneChunk } from "./api/bodies.ts";
import type { ClusterServer, ClusterUser } from "./server.ts";

/**
 * An API server that somebody else runs, by an administrator's kubeconfig. Service accounts get tokens of their own, all
 * others are the administrator. What its clients in this process create is deleted again at the end.
 */
export function useExternalServer(file: string, clock: Clock): ClusterServer {
  const config = kubeconfigOf([file]);
  const created = new Set<string>();
  const transport = remembering(kubeconfigTransport(config, clock), created);
  const admin = createClient({ transport, clock });
  const { signal } = new AbortController();

  /** The daemons are processes: their events about our nodes are not among what was noted. */
  async function forgetEvents(): Promise<void> {
    const events = "/apis/events.k8s.io/v1/namespaces/default/events";
    const { items } = await admin.list<NodeEvent>(events, { signal });
    for (const { metadata, regarding } of items) {
      if (created.has(`/api/v1/nodes/${regarding?.name}`)) created.add(`${events}/${metadata.name}`);
    }
  }

  /** Pods that the server's own controllers made on our nodes: there is no kubelet any more to end them. */
  async function endPods(): Promise<void> {
    const { items } = await admin.list<Pod>(paths.pods, { signal });
    for (const { metadata, spec } of items) {
      if (!created.has(paths.node(spec?.nodeName ?? ""))) continue;
      const path = `/api/v1/namespaces/${metadata?.namespace}/pods/${metadata?.name}`;
      await unlessNotFound(() => admin.delete(path, { gracePeriodSeconds: 0 }, { signal }));
    }
  }

  return {
    bindsTokens: false,
    apiFor: () => admin,
    kubeconfigFor: async (user) => {
      const account = serviceAccountOf(user);
      return account === undefined
        ? config.exportConfig()
        : withToken(config, await tokenFor(admin, account, signal));
    },
    async stop() {
      await forgetEvents();
      // The youngest first: what owns others goes before its namespace does.
      for (const path of [...created].reverse()) {
        const options = { gracePeriodSeconds: 0, propagationPolicy: "Background" };
        await unlessNotFound(() => admin.delete(path, options, { signal })).catch((error: unknown) => {
          process.stderr.write(`cannot clean up ${path}: ${(error as Error).message}\n`);
        });
      }
      await endPods();
    },
  };
}

interface NodeEvent {
  metadata: { name: string };
  regarding?: { name?: string };
}

/** Notes the path of each object that comes about by a request of this transport. */
function remembering(transport: Transport, created: Set<string>): Transport {
  return async (request) => {
    const response = await transport(request);
    if (response.status !== 201) return response;
    const text = await bodyOf(response);
    const path = request.path.split("?")[0] ?? "";
    const name = (JSON.parse(text) as { metadata?: { name?: string } }).metadata?.name;
    if (request.method === "PUT") created.add(path);
    // Evictions, bindings and tokens are posted to an object, and make none.
    else if (name !== undefined && !path.includes(`/${name}/`)) created.add(`${path}/${name}`);
    return { ...response, chunks: () => oneChunk(text) };
  };
}

/** "namespace/name" of a service account's user. */
function serviceAccountOf({ name }: ClusterUser): { namespace: string; name: string } | undefined {
  const [, , namespace, account] = name.match(/^(system:serviceaccount):([^:]+):([^:]+)$/) ?? [];
  return namespace === undefined || account === undefined ? undefined : { namespace, name: account };
}

async function tokenFor(
  admin: Api,
  { namespace, name }: { namespace: string; name: string },
  signal: AbortSignal,
): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} };
  const answer = await admin.create<{ status: { token: string } }>(path, body, { signal });
  return answer.status.token;
}

/** The same server, with this token in place of the administrator's credentials. */
function withToken(config: KubeConfig, token: string): string {
  const cluster = config.getCurrentCluster();
  return dumpYaml({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "cluster",
        cluster: {
          server: cluster?.server,
          "certificate-authority": cluster?.caFile,
          "certificate-authority-data": cluster?.caData,
          "insecure-skip-tls-verify": cluster?.skipTLSVerify,
        },
      },
    ],
    users: [{ name: "user", user: { token } }],
    contexts: [{ name: "context", context: { cluster: "cluster", user: "user" } }],
    "current-context": "context",
  });
}
