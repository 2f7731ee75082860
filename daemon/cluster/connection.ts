/** Connections to the API server, and the detection of dead ones. */

import type { Socket } from "node:net";
import { Agent, buildConnector } from "undici";
import type { Clock } from "../time/clock.ts";
import { asConnector, connectThrough, connectTimeoutMs, tcpKeepAliveMs } from "./tunnel.ts";

/** client-go closes a connection that is silent for 30 s and does not answer a PING within 15 s. */
const silenceMaxMs = 30_000;
/** A PING is sent this often; the other end of a live connection answers it. */
const pingMs = 15_000;
/** An unused connection is closed after 4 s, even if the server proposes a longer time. */
const idleMs = 4000;

export interface Tls {
  ca?: string | string[];
  cert?: string;
  key?: string;
  /** The name that the certificate must have, if it is not the server's host. */
  servername?: string;
  rejectUnauthorized: boolean;
}

export interface AgentOptions {
  tls: Tls;
  proxy: URL | undefined;
  clock: Clock;
  /** Speaks HTTP/1.1 with every server. */
  isHttp1?: boolean;
  pingMs?: number;
}

/**
 * Connections to one server. They use HTTP/2 if the server offers it, as kube-apiserver does: watches and
 * requests share one connection. A PING without an answer shows that the network has dropped the connection;
 * it is destroyed with all its requests. Over HTTP/1.1 each request has a connection of its own, and its own
 * deadline.
 */
export function createAgent({
  tls,
  proxy,
  clock,
  isHttp1 = false,
  pingMs: pingInterval = pingMs,
}: AgentOptions): Agent {
  const keepAlive = { keepAlive: true, keepAliveInitialDelay: tcpKeepAliveMs };
  const connector = buildConnector({
    ...tls,
    ...keepAlive,
    allowH2: !isHttp1,
    preferH2: !isHttp1,
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
    // Callers set deadlines; those of undici would end a quiet watch after 5 minutes.
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
      new Error(`no data from the API server for ${silenceMaxMs / 1000} s, not even an answer to a PING`),
    );
  };
  watch().catch(() => {});
}
