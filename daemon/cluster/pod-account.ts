import { existsSync } from "node:fs";
import { isIPv6 } from "node:net";
import type { ClusterAccess } from "./cluster-access.ts";
import { tokenFileProvider } from "./credentials.ts";
import { KubeconfigError } from "./kubeconfig-error.ts";
import type { Environment } from "./proxy.ts";

const folder = "/var/run/secrets/kubernetes.io/serviceaccount";
/** Ports of servers without TLS, as the official client has them. */
const plainPorts = ["80", "8080", "8001"];

export const isInPod = (): boolean => existsSync(`${folder}/token`);

export function notInPod(): KubeconfigError {
  return new KubeconfigError("not in a pod (no service account token) and no --kubeconfig given");
}

/**
 * The service account of this pod, as the official client's loadFromCluster reads it, which takes megabytes of
 * memory with all that belongs to kubeconfig files. Throws a KubeconfigError outside a pod.
 * https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
 */
export function podAccount(environment: Environment): ClusterAccess {
  if (!isInPod()) throw notInPod();
  return accountIn(folder, environment);
}

/** The same with another folder. */
export function accountIn(
  account: string,
  { KUBERNETES_SERVICE_HOST: host = "", KUBERNETES_SERVICE_PORT: port = "" }: Environment,
): ClusterAccess {
  const scheme = plainPorts.includes(port) ? "http" : "https";
  const cluster = {
    name: "inCluster",
    caFile: `${account}/ca.crt`,
    server: `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    skipTLSVerify: false,
  };
  const authProvider = { name: tokenFileProvider, config: { tokenFile: `${account}/token` } };
  const user = { name: "inClusterUser", authProvider };
  return {
    getCurrentCluster: () => cluster,
    getCurrentUser: () => user,
    applyToHTTPSOptions: async () => {},
  };
}
