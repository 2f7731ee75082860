import { getCACertificates } from "node:tls";
import { isDeepStrictEqual } from "node:util";
import type { Cluster, User } from "@kubernetes/client-node";
import { createSecrets } from "../text/secrets.ts";
import type { Clock } from "../time/clock.ts";
import type { ClusterAccess, ReadUser } from "./cluster-access.ts";
import { type Connections, createConnections, type Tls } from "./connection.ts";
import { type Credentials, createCredentials, noCredentials, pem } from "./credentials.ts";
import type { Answer } from "./exchange.ts";
import { type Impersonation, impersonationHeaders } from "./impersonation.ts";
import { KubeconfigError } from "./kubeconfig-error.ts";
import { noAnswer } from "./no-answer.ts";
import { type Environment, parseProxy, proxyFor } from "./proxy.ts";
import type { ApiRequest, ApiResponse, Transport } from "./transport.ts";

/**
 * HTTP to the current context's server, with its credentials, through the proxy of the kubeconfig or else of
 * the environment. Files are re-read for each request, because tokens and certificates are rotated while the
 * process runs. After a 401 a request is sent once more if the credentials have changed. `impersonation` goes
 * before that of the kubeconfig's user.
 */
export function kubeconfigTransport(
  config: ClusterAccess,
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
