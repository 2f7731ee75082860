/** How connections to the API server are made, and when one of them counts as dead. */

import type { Socket } from "node:net";
import { SocksClient } from "socks";
import { Agent, buildConnector, Client } from "undici";
import type { Clock } from "../clock.ts";

/** client-go gives a connection up that has been silent for 30 s and does not answer a PING within 15 s. */
const silenceMaxMs = 30_000;
/** A live connection says something at least this often, as the other end has to answer a PING. */
const pingMs = 15_000;
/** The kernel asks an idle peer after this long, then once a second, and gives up after 10 questions (libuv's way). */
const tcpKeepAliveMs = 15_000;
const connectTimeoutMs = 10_000;
/** A connection that nothing uses is closed after 4 s, whatever longer time the server proposes. */
const idleMs = 4000;

export interface Tls {
  ca?: string | string[];
  cert?: string;
  key?: string;
  /** The name that the certificate must carry, where it is not the server's host. */
  servername?: string;
  rejectUnauthorized: boolean;
}

export interface AgentOptions {
  tls: Tls;
  proxy: URL | undefined;
  clock: Clock;
  pingMs?: number;
}

/**
 * Connections to one server. HTTP/2 where the server offers it, as kube-apiserver does: watches and requests share one connection,
 * and its PING finds out when that connection has been forgotten on the way. Then it is destroyed, and so is whatever waits on
 * it. Over HTTP/1.1 each request has its connection for itself and ends it at its own deadline.
 */
export function createAgent({ tls, proxy, clock, pingMs: pingInterval = pingMs }: AgentOptions): Agent {
  const keepAlive = { keepAlive: true, keepAliveInitialDelay: tcpKeepAliveMs };
  const connector = buildConnector({
    ...tls,
    ...keepAlive,
    allowH2: true,
    preferH2: true,
    timeout: connectTimeoutMs,
  });

  async function connect(target: buildConnector.Options): Promise<Socket> {
    const tunnel = proxy === undefined ? undefined : await openTunnel(proxy, target);
    tunnel?.setKeepAlive(true, tcpKeepAliveMs);
    if (tunnel !== undefined && target.protocol !== "https:") return tunnel;
    const socket = await new Promise<Socket>((resolve, reject) => {
      const options = tunnel === undefined ? target : { ...target, httpSocket: tunnel };
      connector(options, (error, made) => (error === null ? resolve(made) : reject(error)));
    });
    if ("alpnProtocol" in socket && socket.alpnProtocol === "h2") destroyWhenSilent(socket, clock);
    return socket;
  }

  return new Agent({
    connect: (target, callback) => {
      connect(target).then(
        (socket) => callback(null, socket),
        (error: Error) => callback(error, null),
      );
    },
    h2Options: { pingInterval },
    keepAliveTimeout: idleMs,
    keepAliveMaxTimeout: idleMs,
    // The caller's deadlines rule; undici's own would end a quiet watch after 5 minutes.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

function destroyWhenSilent(socket: Socket, clock: Clock): void {
  const closed = new AbortController();
  socket.once("close", () => closed.abort());
  const watch = async () => {
    let { bytesRead } = socket;
    for (let since = clock.elapsed(); clock.elapsed() - since < silenceMaxMs; ) {
      await clock.sleep(silenceMaxMs / 6, closed.signal);
      if (socket.bytesRead !== bytesRead) since = clock.elapsed();
      bytesRead = socket.bytesRead;
    }
    socket.destroy(
      new Error(`not a byte from the API server for ${silenceMaxMs / 1000} s, not even to a PING`),
    );
  };
  watch().catch(() => {});
}

/** A connection to the target that the proxy passes on. */
async function openTunnel(proxy: URL, { hostname, port, protocol }: buildConnector.Options): Promise<Socket> {
  const targetPort = Number(port) || (protocol === "https:" ? 443 : 80);
  const [user, password] = [decodeURIComponent(proxy.username), decodeURIComponent(proxy.password)];
  if (proxy.protocol.startsWith("socks")) {
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
      headers: user ? { "proxy-authorization": `Basic ${btoa(`${user}:${password}`)}` } : {},
      signal: AbortSignal.timeout(connectTimeoutMs),
    })
    .catch((cause: unknown) => {
      // undici takes errors of its own for a reason to connect once more.
      throw new Error(`the proxy ${proxy.origin} does not connect`, { cause });
    });
  if (statusCode === 200) return socket as Socket;
  socket.destroy();
  throw new Error(`the proxy ${proxy.origin} answered ${statusCode} to CONNECT ${host}:${targetPort}`);
}
