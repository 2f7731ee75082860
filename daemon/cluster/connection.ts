/** Connections to the API server. */

import { Agent, request } from "node:http";
import type { ClientHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { Clock } from "../time/clock.ts";
import { type Answer, type Exchange, NotBegun } from "./exchange.ts";
import { createSession, exchangeByHttp2, isOpen } from "./http2.ts";
import { openSocket } from "./open-socket.ts";
import { targetOf } from "./socket.ts";

/** An unused connection of HTTP/1.1 is closed after 4 s, even if the server proposes a longer time. */
const idleMs = 4000;

export interface Tls {
  ca?: string | string[];
  cert?: string;
  key?: string;
  /** The name that the certificate must have, if it is not the server's host. */
  servername?: string;
  rejectUnauthorized: boolean;
}

export interface Connections {
  /** Rejects without an answer; any status is an answer. */
  exchange: (exchange: Exchange) => Promise<Answer>;
  /** Takes no new requests; lets those in progress finish. */
  close: () => void;
}

export interface ConnectionOptions {
  /** Its protocol, host and port. */
  server: URL;
  tls: Tls;
  proxy: URL | undefined;
  clock: Clock;
}

/**
 * Connections to one server. They use HTTP/2 if the server offers it, as kube-apiserver does: watches and
 * requests share one connection. Over HTTP/1.1 each request has a connection of its own, and its own
 * deadline. A request is sent a second time only if the server has said that it has not begun with it.
 */
export function createConnections({ server, tls, proxy, clock }: ConnectionOptions): Connections {
  const target = { ...targetOf(server), proxy };
  const isTls = server.protocol === "https:";
  let session: ClientHttp2Session | undefined;
  let opening: Promise<ClientHttp2Session | undefined> | undefined;
  let isHttp1 = !isTls;
  const http1 = createHttp1(() =>
    openSocket({ ...target, ...(isTls && { tls: { ...tls, ALPNProtocols: ["http/1.1"] } }) }).catch(
      (error: unknown) => {
        // Another server may answer next time.
        isHttp1 = !isTls;
        throw error;
      },
    ),
  );

  /** Undefined if the server has no HTTP/2. All requests that need a connection now wait for the same one. */
  async function openSession(): Promise<ClientHttp2Session | undefined> {
    if (isHttp1) return undefined;
    if (isOpen(session)) return session;
    opening ??= negotiate().finally(() => {
      opening = undefined;
    });
    return opening;
  }

  async function negotiate(): Promise<ClientHttp2Session | undefined> {
    const socket = await openSocket({ ...target, tls: { ...tls, ALPNProtocols: ["h2", "http/1.1"] } });
    if ("alpnProtocol" in socket && socket.alpnProtocol === "h2") {
      session = createSession(socket, server.origin, clock);
      return session;
    }
    isHttp1 = true;
    http1.offer(socket);
    return undefined;
  }

  async function once(exchange: Exchange): Promise<Answer> {
    exchange.signal.throwIfAborted();
    const found = await orAborted(exchange.signal, openSession());
    return found === undefined
      ? http1.exchange(server, exchange)
      : exchangeByHttp2(found, server.host, exchange);
  }

  return {
    exchange: ({ body, headers, ...rest }) => {
      const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
      const exchange = { ...rest, body, headers: { ...headers, ...length } };
      const sent = once(exchange).catch((error: unknown) => {
        if (error instanceof NotBegun) return once(exchange);
        throw error;
      });
      return orAborted(exchange.signal, sent);
    },
    // Connections of HTTP/1.1 end when they are idle.
    close: () => session?.close(),
  };
}

function createHttp1(open: () => Promise<Socket>) {
  const agent = new Agent({ keepAlive: true, timeout: idleMs });
  let spare: Socket | undefined;
  agent.createConnection = (_, callback) => {
    const socket = spare;
    spare = undefined;
    if (socket !== undefined && !socket.destroyed) return socket;
    open().then(
      (made) => callback?.(null, made),
      (error: Error) => callback?.(error, undefined as never),
    );
    return undefined;
  };
  return {
    /** An open connection for the next request. */
    offer(socket: Socket): void {
      spare = socket;
      setTimeout(() => spare === socket && socket.destroy(), idleMs).unref();
    },
    exchange: (
      { host, hostname, port }: URL,
      { method, path, headers, body, signal }: Exchange,
    ): Promise<Answer> =>
      new Promise((resolve, reject) => {
        const place = { host: hostname, port };
        const sent = request({ agent, ...place, method, path, headers: { ...headers, host }, signal });
        sent.once("response", (answer) => {
          // Readers of the body see the error.
          answer.on("error", () => {});
          resolve({
            status: answer.statusCode ?? 0,
            header: (name) => answer.headersDistinct[name]?.[0],
            body: answer,
          });
        });
        sent.on("error", reject);
        sent.end(body);
      }),
  };
}

/** Rejects at once when the signal is aborted. */
function orAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
