import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { getCACertificates } from "node:tls";
import { isDeepStrictEqual } from "node:util";
import { type Cluster, KubeConfig, type User } from "@kubernetes/client-node";
import { createSecrets } from "../text/secrets.ts";
import type { Clock } from "../time/clock.ts";
import { type Answer, type Connections, createConnections, type Tls } from "./connection.ts";
import { type Credentials, createCredentials, noCredentials, pem, tokenFileProvider } from "./credentials.ts";
import { type Impersonation, impersonationHeaders, impersonationIn } from "./impersonation.ts";
import { type KubeconfigFile, mergeKubeconfigs } from "./kubeconfig-files.ts";
import { noAnswer } from "./no-answer.ts";
import { type Environment, parseProxy, proxyFor } from "./proxy.ts";
import type { ApiRequest, ApiResponse, Transport } from "./transport.ts";

/** A kubeconfig that cannot be used; the message names the file and its fault. */
export class KubeconfigError extends Error {
  override readonly name = "KubeconfigError";
}

interface Named {
  /** The file that an option names. */
  kubeconfig: string | undefined;
  /** The files in KUBECONFIG. */
  listed: readonly string[];
}

/**
 * The kubeconfig of a daemon: the named file, else the files in KUBECONFIG, else the service account of the
 * pod. Reads files only, and sends nothing.
 */
export function loadKubeconfig({ kubeconfig, listed }: Named): KubeConfig {
  const files = namedFiles(kubeconfig, listed);
  if (files.length > 0) return fromFiles(files.map(readKubeconfig));
  // A missing file must not make the daemon run with another identity.
  if (listed.length > 0) throw noneOf(listed);
  return ofThePod();
}

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
  if (files.length > 0) return fromFiles(files.map(readKubeconfig), chosen);
  if (listed.length > 0 && !inPod()) throw noneOf(listed);
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

/** Files that no option names may be missing, as in kubectl. */
function namedFiles(kubeconfig: string | undefined, listed: readonly string[]): readonly string[] {
  return kubeconfig === undefined ? listed.filter((file) => existsSync(file)) : [kubeconfig];
}

function noneOf(listed: readonly string[]): KubeconfigError {
  return new KubeconfigError(`no file of KUBECONFIG exists: ${listed.join(", ")}`);
}

function ofThePod(): KubeConfig {
  if (!inPod()) {
    throw new KubeconfigError("not in a pod (no service account token) and no --kubeconfig given");
  }
  const config = new KubeConfig();
  config.loadFromCluster();
  return config;
}

const inPod = () => existsSync("/var/run/secrets/kubernetes.io/serviceaccount/token");

function readKubeconfig(file: string): KubeconfigFile {
  try {
    return { file, text: readFileSync(file, "utf8") };
  } catch (cause) {
    throw new KubeconfigError((cause as Error).message, { cause });
  }
}

/** A user with the fields that the official client does not read. */
type ReadUser = User & { impersonation?: Impersonation };

function fromFiles(files: readonly KubeconfigFile[], chosen: Chosen = {}): KubeConfig {
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

/**
 * HTTP to the current context's server, with its credentials, through the proxy of the kubeconfig or else of
 * the environment. Files are re-read for each request, because tokens and certificates are rotated while the
 * process runs. After a 401 a request is sent once more if the credentials have changed. `impersonation` goes
 * before that of the kubeconfig's user.
 */
export function kubeconfigTransport(
  config: KubeConfig,
  clock: Clock,
  environment: Environment = {},
  impersonation: Impersonation = {},
): Transport {
  const cluster = config.getCurrentCluster() as Cluster;
  const server = serverOf(cluster, config.getCurrentUser());
  const prefix = server.pathname.replace(/\/$/, "");
  const proxy = cluster.proxyUrl
    ? parseProxy("proxy-url of the kubeconfig", cluster.proxyUrl)
    : proxyFor(server, environment);
  const credentials =
    server.protocol === "http:" ? noCredentials : createCredentials(config, clock, environment);
  const onBehalf = onBehalfHeaders(config.getCurrentUser(), impersonation);
  const secrets = createSecrets();
  let kept: { connections: Connections; tls: Tls } | undefined;
  let trusted: string[] | undefined;

  /** Without an authority in the kubeconfig, those of the system are trusted. */
  async function authorities(): Promise<string | string[]> {
    const own = await pem(cluster.caData, cluster.caFile);
    if (own !== undefined) return own;
    trusted ??= [...new Set([...getCACertificates("default"), ...getCACertificates("system")])];
    return trusted;
  }

  function connectionsWith(tls: Tls): Connections {
    if (kept !== undefined && isDeepStrictEqual(kept.tls, tls)) return kept.connections;
    kept?.connections.close();
    kept = { connections: createConnections({ server, tls, proxy, clock }), tls };
    return kept.connections;
  }

  async function send(request: ApiRequest, { headers, cert, key }: Credentials): Promise<Answer> {
    const connections = connectionsWith({
      ca: await authorities(),
      rejectUnauthorized: !cluster.skipTLSVerify,
      ...(cluster.tlsServerName && { servername: cluster.tlsServerName }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    });
    secrets.learn(headers);
    return connections.exchange({
      path: prefix + request.path,
      method: request.method,
      headers: { ...headers, ...onBehalf, ...request.headers },
      body: request.body,
      signal: request.signal,
    });
  }

  async function sendAllowed(request: ApiRequest): Promise<Answer> {
    const used = await credentials.read();
    const answer = await send(request, used);
    if (answer.status !== 401) return answer;
    credentials.forget(used);
    const renewed = await credentials.read().catch(() => used);
    if (isDeepStrictEqual(renewed, used)) return answer;
    answer.body.resume();
    return send(request, renewed);
  }

  return async (request) => {
    try {
      return { ...toResponse(await sendAllowed(request)), hide: secrets.hide };
    } catch (error) {
      throw request.signal.aborted ? error : noAnswer(error, server.origin + prefix);
    }
  };
}

function onBehalfHeaders(user: ReadUser | null, given: Impersonation): Record<string, string[]> {
  const { as, uid, groups, extra } = user?.impersonation ?? {};
  return impersonationHeaders({
    as: given.as || as,
    uid: given.uid || uid,
    groups: given.groups?.length ? given.groups : groups,
    extra,
  });
}

function toResponse({ status, header, body }: Answer): ApiResponse {
  return { status, header, chunks: () => body.setEncoding("utf8") as AsyncIterable<string> };
}

/** A server without a scheme has TLS if the kubeconfig has a setting for TLS, as in kubectl. */
function serverOf({ name, server, caData, caFile, skipTLSVerify }: Cluster, user: User | null): URL {
  const hasTls = Boolean(caData || caFile || skipTLSVerify || user?.certData || user?.certFile);
  const url = URL.parse(server.includes("://") ? server : `${hasTls ? "https" : "http"}://${server}`);
  if (url !== null && ["http:", "https:"].includes(url.protocol)) return url;
  throw new KubeconfigError(
    `cluster ${JSON.stringify(name)}: server ${JSON.stringify(server)} must be a URL, ` +
      "for example https://10.0.0.1:6443",
  );
}
