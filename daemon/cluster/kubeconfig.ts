import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import type { ReadUser } from "./cluster-access.ts";
import { tokenFileProvider } from "./credentials.ts";
import { impersonationIn } from "./impersonation.ts";
import { KubeconfigError } from "./kubeconfig-error.ts";
import { type KubeconfigFile, mergeKubeconfigs } from "./kubeconfig-files.ts";
import { type Named, namedFiles, noneOf } from "./named-kubeconfigs.ts";
import { isInPod, notInPod } from "./pod-account.ts";

/**
 * The kubeconfig of a person, with the rules of kubectl: the named file, else the files in KUBECONFIG, else
 * ~/.kube/config, else the service account of the pod
 * (https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/).
 */
export function loadPersonalKubeconfig({
  kubeconfig,
  listed,
  chosen,
}: Named & { chosen: Chosen }): KubeConfig {
  const files = personalFiles({ kubeconfig, listed });
  if (files.length > 0) return kubeconfigOf(files, chosen);
  if (listed.length > 0 && !isInPod()) throw noneOf(listed);
  return select(ofThePod(), chosen);
}

function personalFiles({ kubeconfig, listed }: Named): readonly string[] {
  return namedFiles(kubeconfig, listed.length > 0 ? listed : [join(homedir(), ".kube", "config")]);
}

/** The names of the entries in a person's kubeconfig, whether or not they are complete. */
export function namesInKubeconfig(named: Named): Record<"contexts" | "clusters" | "users", string[]> {
  const { contexts, clusters, users } = mergeKubeconfigs(personalFiles(named).map(readKubeconfig));
  const names = (entries: typeof contexts) => (entries ?? []).map(({ name }) => name);
  return { contexts: names(contexts), clusters: names(clusters), users: names(users) };
}

/** The entries of a kubeconfig to use; by default those of its current-context. */
export interface Chosen {
  context?: string | undefined;
  /** Takes the place of the context's cluster. */
  cluster?: string | undefined;
  /** Takes the place of the context's user. */
  user?: string | undefined;
}

function ofThePod(): KubeConfig {
  if (!isInPod()) throw notInPod();
  const config = new KubeConfig();
  config.loadFromCluster();
  return config;
}

/** The merged kubeconfig of these files, with the chosen entries. Throws a KubeconfigError. */
export function kubeconfigOf(paths: readonly string[], chosen: Chosen = {}): KubeConfig {
  const files = paths.map(readKubeconfig);
  const config = new KubeConfig();
  try {
    const merged = mergeKubeconfigs(files);
    const users = merged.users?.map(({ name, user }) => ({
      name,
      user: knownToClient((user ?? {}) as Record<string, unknown>),
    }));
    // Entries that the context in use does not name may be incomplete, as in kubectl.
    config.loadFromString(JSON.stringify({ ...merged, users }), { onInvalidEntry: "filter" });
    const fields = new Map(merged.users?.map(({ name, user }) => [name, user ?? {}]));
    config.users = config.users.map((user): ReadUser => {
      return { ...user, impersonation: impersonationIn(fields.get(user.name) ?? {}) };
    });
  } catch (cause) {
    throw new KubeconfigError((cause as Error).message, { cause });
  }
  return select(config, chosen);
}

function readKubeconfig(file: string): KubeconfigFile {
  try {
    return { file, text: readFileSync(file, "utf8") };
  } catch (cause) {
    throw new KubeconfigError((cause as Error).message, { cause });
  }
}

function select(config: KubeConfig, { context, cluster, user }: Chosen): KubeConfig {
  const unknownContext = () =>
    unknownEntry("context", context ?? "", config.getContexts(), " with a cluster");
  if (context && config.getContextObject(context) === null) throw unknownContext();
  if (context) config.setCurrentContext(context);
  if (cluster && config.getCluster(cluster) === null)
    throw unknownEntry("cluster", cluster, config.getClusters(), " with a server");
  if (user && config.getUser(user) === null) throw unknownEntry("user", user, config.getUsers());
  if (cluster || user) {
    const from = config.getContextObject(config.getCurrentContext());
    const chosen = { ...(cluster && { cluster }), ...(user && { user }) };
    config.addContext({ cluster: "", user: "", ...from, ...chosen, name: chosenContext });
    config.setCurrentContext(chosenContext);
  }
  if (config.getCurrentCluster() !== null) return config;
  if (context) throw unknownContext();
  throw new KubeconfigError("its current-context names no cluster with a server");
}

/** No context of a file has this name. */
const chosenContext = "\n";

function unknownEntry(
  kind: "context" | "cluster" | "user",
  name: string,
  known: readonly { name: string }[],
  having = "",
): KubeconfigError {
  const names = known.map((one) => one.name).join(", ");
  return new KubeconfigError(
    `it has no ${kind} ${JSON.stringify(name)}${having}; ${names === "" ? `it has no ${kind}s` : `the ${kind}s are ${names}`}`,
  );
}

/**
 * The official client does not support `tokenFile` of a user, but has an auth provider for it. It takes
 * precedence over `token`, as in kubectl.
 */
function knownToClient({ tokenFile, ...user }: Record<string, unknown>): Record<string, unknown> {
  if (!tokenFile) return user;
  return { ...user, token: undefined, "auth-provider": { name: tokenFileProvider, config: { tokenFile } } };
}
