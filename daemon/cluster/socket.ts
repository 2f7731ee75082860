import { connect as connectTcp, isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";

/** For the connection, TLS included; the same again for a tunnel of a proxy. */
export const connectTimeoutMs = 10_000;
/**
 * The kernel probes an idle peer after this time, then once a second, and closes the connection after 10
 * probes (libuv's setting).
 */
const tcpKeepAliveMs = 15_000;

export interface Target {
  /** A name or an address, without brackets. */
  host: string;
  port: number;
  /** Without it there is no TLS. */
  tls?: ConnectionOptions | undefined;
  /** Aborts the attempt. */
  signal?: AbortSignal;
}

/** The target of a URL, but for the settings of TLS. */
export function targetOf({ hostname, port, protocol }: URL): { host: string; port: number } {
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  return { host, port: Number(port) || (protocol === "https:" ? 443 : 80) };
}

/** An open connection to the target itself, or over the tunnel to it; with TLS if the target has it. */
export async function openDirect(
  { host, port, tls, signal }: Target,
  tunnel?: Socket,
): Promise<Socket | TLSSocket> {
  // Its errors come out as errors of the connection over it.
  tunnel?.setKeepAlive(true, tcpKeepAliveMs).on("error", () => {});
  const keepAlive = { keepAlive: true, keepAliveInitialDelay: tcpKeepAliveMs, noDelay: true };
  if (tls === undefined) return tunnel ?? opened(connectTcp({ host, port, ...keepAlive }), "connect", signal);
  const names = isIP(host) === 0 ? { servername: host, ...tls } : tls;
  const options = tunnel === undefined ? { host, port, ...keepAlive } : { host, socket: tunnel };
  return opened(connectTls({ ...options, ...names }), "secureConnect", signal);
}

function opened<S extends Socket>(socket: S, event: string, signal: AbortSignal | undefined): Promise<S> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => socket.destroy(error);
    const slow = new Error(`no connection within ${connectTimeoutMs / 1000} s`);
    const timer = setTimeout(() => fail(slow), connectTimeoutMs);
    const onAbort = () => fail(signal?.reason);
    signal?.addEventListener("abort", onAbort);
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
    // These stay: an error in the moment before the user of the socket listens would end the process.
    socket.on("error", reject);
    socket.once("close", () => {
      end();
      reject(new Error("the connection was closed at once"));
    });
    socket.once(event, () => {
      end();
      resolve(socket);
    });
    if (signal?.aborted) onAbort();
  });
}
