/** How connections to the API server are made, and when one of them counts as dead. */

import type { Socket } from "node:net";
import { Agent, buildConnector } from "undici";
import type { Clock } from "../time/clock.ts";
import { asConnector, connectThrough, connectTimeoutMs, tcpKeepAliveMs } from "./tunnel.ts";

/** client-go gives a connection up that has been silent for 30 s and does not answer a PING within 15 s. */
const silenceMaxMs = 30_000;
/** A live connection says something at least this often, as the other end has to answer a PING. */
const pingMs = 15_000;
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
    const socket = await connectThrough(proxy, connector, target);
    if ("alpnProtocol" in socket && socket.alpnProtocol === "h2") destroyWhenSilent(socket, clock);
    return socket;
  }

  return new Agent({
    connect: asConnector(connect),
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
