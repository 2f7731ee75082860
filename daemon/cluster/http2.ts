import { type ClientHttp2Session, connect, constants } from "node:http2";
import type { Socket } from "node:net";
import type { Clock } from "../time/clock.ts";
import { type Answer, type Exchange, NotBegun } from "./exchange.ts";

/** The connection is looked at this often; a dead one is noticed within three looks. */
const lookMs = 10_000;
/** A list of a megabyte does not wait for the other end at every 64 KiB. */
const streamWindowBytes = 256 * 1024;
const sessionWindowBytes = 512 * 1024;

/**
 * HTTP/2 over an open connection. It is destroyed with all its requests when the other end is silent and does not
 * answer a PING: the network has dropped the connection. It does not keep the process without a request.
 */
export function createSession(socket: Socket, origin: string, clock: Clock): ClientHttp2Session {
  const session = connect(origin, {
    createConnection: () => socket,
    settings: { enablePush: false, initialWindowSize: streamWindowBytes },
  });
  session.once("connect", () => session.setLocalWindowSize(sessionWindowBytes));
  // Each request has the same error.
  session.on("error", () => {});
  session.unref();
  const closed = new AbortController();
  session.once("close", () => closed.abort());
  destroyWhenSilent(session, socket, clock, closed.signal).catch(() => {});
  return session;
}

async function destroyWhenSilent(
  session: ClientHttp2Session,
  socket: Socket,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  let silentLooks = 0;
  for (let bytesRead = -1; silentLooks < 2; ) {
    await clock.sleep(lookMs, signal);
    silentLooks = socket.bytesRead === bytesRead ? silentLooks + 1 : 0;
    bytesRead = socket.bytesRead;
    if (silentLooks === 1) session.ping(() => {});
  }
  const seconds = (silentLooks * lookMs) / 1000;
  session.destroy(new Error(`no data from the API server for ${seconds} s, not even an answer to a PING`));
}

/** Whether new requests may be sent over it; after a GOAWAY of the server they may not. */
export function isOpen(session: ClientHttp2Session | undefined): session is ClientHttp2Session {
  return session !== undefined && !session.closed && !session.destroyed;
}

const openRequests = new WeakMap<ClientHttp2Session, number>();

/** Resolves when the answer begins. Rejects with NotBegun if another connection may take the request. */
export function exchangeByHttp2(
  session: ClientHttp2Session,
  authority: string,
  exchange: Exchange,
): Promise<Answer> {
  const { method, path, headers, body, signal } = exchange;
  const head = { ":method": method, ":path": path, ":authority": authority, ...headers };
  return new Promise<Answer>((resolve, reject) => {
    // It may have been closed since it was looked at.
    if (!isOpen(session)) throw new NotBegun("closed");
    const stream = session.request(head, { endStream: body === undefined, signal });
    count(session, 1);
    stream.once("response", (answered) =>
      resolve({
        status: answered[":status"] ?? 0,
        header: (name) => [answered[name]].flat()[0],
        body: stream,
      }),
    );
    stream.on("error", reject);
    stream.once("close", () => {
      count(session, -1);
      const isRefused = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM;
      reject(isRefused ? new NotBegun("refused") : new Error("the connection was closed before an answer"));
    });
    if (body !== undefined) stream.end(body);
  });
}

/** A session keeps the process as long as it has a request. */
function count(session: ClientHttp2Session, more: number): void {
  const open = (openRequests.get(session) ?? 0) + more;
  openRequests.set(session, open);
  if (session.destroyed) return;
  if (open > 0) session.ref();
  else session.unref();
}
