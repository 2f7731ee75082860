import type { Server, Socket } from "node:net";
import { Duplex } from "node:stream";

export interface ConnectionLimits {
  /** The number of open connections. */
  max: number;
  /** The lifetime of a connection, active or idle. */
  deadlineMs: number;
}

export interface BoundConnections {
  /** Takes a connection out of the limits: the caller bounds it in another way. */
  keep: (socket: Socket) => void;
  endAll: () => void;
}

/**
 * Limits the number and the lifetime of connections from untrusted clients. A new connection is always
 * accepted; at the limit, the address with the most connections loses its oldest one, so that no address can
 * exclude another one.
 */
export function boundConnections(server: Server, { max, deadlineMs }: ConnectionLimits): BoundConnections {
  /** Open connections in order of arrival, with their remote addresses. */
  const open = new Map<Socket, string>();
  const kept = new Set<Socket>();
  const deadlines = new WeakMap<Socket, NodeJS.Timeout>();
  server.on("connection", (socket: Socket) => {
    const deadline = setTimeout(() => socket.destroy(), deadlineMs);
    open.set(socket, socket.remoteAddress ?? "");
    deadlines.set(socket, deadline);
    socket.once("close", () => {
      clearTimeout(deadline);
      open.delete(socket);
    });
    // A client may reset its connection at any time.
    socket.on("error", () => {});
    if (open.size <= max) return;
    const surplus = oldestOfMost(open);
    open.delete(surplus);
    surplus.destroy();
  });
  return {
    keep(socket) {
      clearTimeout(deadlines.get(socket));
      open.delete(socket);
      kept.add(socket);
      socket.once("close", () => kept.delete(socket));
    },
    endAll() {
      for (const socket of [...open.keys(), ...kept]) socket.destroy();
    },
  };
}

function oldestOfMost(open: ReadonlyMap<Socket, string>): Socket {
  const byAddress = [...Map.groupBy(open.keys(), (socket) => open.get(socket)).values()];
  const [oldest] = byAddress.reduce((most, group) => (group.length > most.length ? group : most));
  return oldest as Socket;
}

/** Prometheus, the kubelet and browsers send 200 to 800 bytes; a bearer token may add some 2,000. */
const headMaxBytes = 8 * 1024;

const endOfHead = "\r\n\r\n";

/**
 * A connection for node:http that ends after one head, and passes the answer back. Node would parse thousands
 * of pipelined requests in one packet, and request bodies; nothing after the first head is passed on.
 */
export function onlyFirstHead(socket: Socket): Duplex {
  let head = Buffer.alloc(0);
  const shown = new Duplex({
    read() {},
    write: (chunk, _, done) => void socket.write(chunk, done),
    final(done) {
      socket.destroySoon();
      done();
    },
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  socket.on("error", () => {});
  socket.once("close", () => shown.destroy());
  socket.on("data", function take(chunk: Buffer) {
    head = Buffer.concat([head, chunk.subarray(0, headMaxBytes + 1 - head.length)]);
    const end = head.indexOf(endOfHead);
    if (end === -1 && head.length <= headMaxBytes) return;
    socket.off("data", take).pause();
    shown.push(end === -1 ? head : head.subarray(0, end + endOfHead.length));
    // Node answers 400 to a head that ends before it is complete.
    if (end === -1) shown.push(null);
  });
  return shown;
}
