import type { ClusterAccess } from "./cluster-access.ts";
import { type Named, namedFiles, noneOf } from "./named-kubeconfigs.ts";
import { podAccount } from "./pod-account.ts";
import type { Environment } from "./proxy.ts";

/**
 * The way of a daemon to its cluster: the named kubeconfig, else the files in KUBECONFIG, else the service account
 * of the pod. Reads files only, and sends nothing. Rejects with a KubeconfigError.
 */
export async function loadKubeconfig(
  { kubeconfig, listed }: Named,
  environment: Environment,
): Promise<ClusterAccess> {
  const files = namedFiles(kubeconfig, listed);
  if (files.length > 0) {
    // A daemon in a pod has none of this in its memory.
    const { kubeconfigOf } = await import("./kubeconfig.ts");
    return kubeconfigOf(files);
  }
  // A missing file must not make the daemon run with another identity.
  if (listed.length > 0) throw noneOf(listed);
  return podAccount(environment);
}
