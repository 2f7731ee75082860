import { request } from "node:http";
import type { Socket } from "node:net";
import { SocksClient } from "socks";
import { proxyAuthorization, proxyCredentials } from "./proxy.ts";
import { connectTimeoutMs, openDirect, type Target, targetOf } from "./socket.ts";

type Place = Pick<Target, "host" | "port" | "signal">;

/** A connection to the target through the proxy. */
export async function openTunnel(proxy: URL, target: Place): Promise<Socket> {
  return proxy.protocol.startsWith("socks") ? openSocks(proxy, target) : openConnect(proxy, target);
}

async function openSocks(proxy: URL, { host, port }: Place): Promise<Socket> {
  const { user, password } = proxyCredentials(proxy);
  const { socket } = await SocksClient.createConnection({
    proxy: {
      host: targetOf(proxy).host,
      port: Number(proxy.port) || 1080,
      type: 5,
      ...(user && { userId: user, password }),
    },
    command: "connect",
    destination: { host, port },
    timeout: connectTimeoutMs,
  });
  return socket;
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6 */
async function openConnect(proxy: URL, { host, port, signal }: Place): Promise<Socket> {
  const path = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const deadline = AbortSignal.timeout(connectTimeoutMs);
  const inTime = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
  const tunnel = await connectTo(proxy, path, inTime).catch((cause: unknown) => {
    throw new Error(`the proxy ${proxy.origin} does not connect`, { cause });
  });
  if (tunnel.status === 200) return tunnel.socket;
  tunnel.socket.destroy();
  throw new Error(`the proxy ${proxy.origin} answered ${tunnel.status} to CONNECT ${path}`);
}

async function connectTo(
  proxy: URL,
  path: string,
  signal: AbortSignal,
): Promise<{ status: number | undefined; socket: Socket }> {
  const socket = await openDirect({
    ...targetOf(proxy),
    ...(proxy.protocol === "https:" && { tls: {} }),
    signal,
  });
  return new Promise((resolve, reject) => {
    const headers = { host: path, ...proxyAuthorization(proxy) };
    const asked = request({ createConnection: () => socket, method: "CONNECT", path, headers, signal });
    asked.once("connect", ({ statusCode }, tunnel: Socket, head: Buffer) => {
      // Servers of some protocols speak first.
      if (head.length > 0) tunnel.unshift(head);
      resolve({ status: statusCode, socket: tunnel });
    });
    asked.on("error", reject);
    asked.end();
  });
}
