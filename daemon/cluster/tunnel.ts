import type { Socket } from "node:net";
import { SocksClient } from "socks";
import { type buildConnector, Client } from "undici";

export const connectTimeoutMs = 10_000;
/**
 * The kernel probes an idle peer after this time, then once a second, and closes the connection after 10
 * probes (libuv's setting).
 */
export const tcpKeepAliveMs = 15_000;

/** Converts a function that connects to the form of undici. */
export function asConnector(
  connect: (target: buildConnector.Options) => Promise<Socket>,
): buildConnector.connector {
  return (target, callback) => {
    connect(target).then(
      (socket) => callback(null, socket),
      (error: Error) => callback(error, null),
    );
  };
}

/**
 * A connection to the target, made by `connector`, with TLS for https, and through the proxy if there is one.
 */
export async function connectThrough(
  proxy: URL | undefined,
  connector: buildConnector.connector,
  target: buildConnector.Options,
): Promise<Socket> {
  const tunnel = proxy === undefined ? undefined : await openTunnel(proxy, target);
  tunnel?.setKeepAlive(true, tcpKeepAliveMs);
  if (tunnel !== undefined && target.protocol !== "https:") return tunnel;
  return await new Promise<Socket>((resolve, reject) => {
    const options = tunnel === undefined ? target : { ...target, httpSocket: tunnel };
    connector(options, (error, made) => (error === null ? resolve(made) : reject(error)));
  });
}

/** A connection to the target through the proxy. */
async function openTunnel(proxy: URL, { hostname, port, protocol }: buildConnector.Options): Promise<Socket> {
  const targetPort = Number(port) || (protocol === "https:" ? 443 : 80);
  if (proxy.protocol.startsWith("socks")) {
    const { user, password } = credentialsOf(proxy);
    const { socket } = await SocksClient.createConnection({
      proxy: {
        host: proxy.hostname.replace(/^\[(.*)\]$/, "$1"),
        port: Number(proxy.port) || 1080,
        type: 5,
        ...(user && { userId: user, password }),
      },
      command: "connect",
      destination: { host: hostname, port: targetPort },
      timeout: connectTimeoutMs,
    });
    return socket;
  }
  const client = new Client(proxy.origin, { allowH2: false, connectTimeout: connectTimeoutMs });
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  const { socket, statusCode } = await client
    .connect({
      path: `${host}:${targetPort}`,
      headers: proxyAuthorization(proxy),
      signal: AbortSignal.timeout(connectTimeoutMs),
    })
    .catch((cause: unknown) => {
      // undici would retry after an error of its own.
      throw new Error(`the proxy ${proxy.origin} does not connect`, { cause });
    });
  if (statusCode === 200) return socket as Socket;
  socket.destroy();
  throw new Error(`the proxy ${proxy.origin} answered ${statusCode} to CONNECT ${host}:${targetPort}`);
}

function credentialsOf({ username, password }: URL): { user: string; password: string } {
  return { user: decodeURIComponent(username), password: decodeURIComponent(password) };
}

/** The header for an HTTP proxy whose URL has a user. */
export function proxyAuthorization(proxy: URL): Record<string, string> {
  const { user, password } = credentialsOf(proxy);
  return user ? { "proxy-authorization": `Basic ${btoa(`${user}:${password}`)}` } : {};
}
