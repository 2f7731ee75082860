/** What stands between a client and the API server: relays, proxies, fronts. All on loopback. */
import { createServer as createHttp, request as requestOf } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Agent } from "undici";
import type { Listening } from "./api/server.ts";

export interface Middleman {
  port: number;
  /** How many connections have come in up to now. */
  readonly connections: number;
  close(): Promise<void>;
}

export interface Relay extends Middleman {
  /** Nothing passes any more over the connections that are open, and neither end is told; new ones work. */
  forget(): void;
}

async function start(server: Server): Promise<Middleman> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on("connection", (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Passes bytes on, as a load balancer does. */
export async function startRelay(targetPort: number): Promise<Relay> {
  const open = new Set<{ isForgotten: boolean }>();
  const server = createServer((down) => {
    const up = connect(targetPort, "127.0.0.1");
    const link = { isForgotten: false };
    open.add(link);
    const pass = (from: Socket, to: Socket) => {
      from.on("data", (data) => {
        if (!link.isForgotten) to.write(data);
      });
      from.on("error", () => {});
      from.on("close", () => {
        if (!link.isForgotten) to.destroy();
        open.delete(link);
      });
    };
    pass(down, up);
    pass(up, down);
  });
  const middleman = await start(server);
  return {
    port: middleman.port,
    get connections() {
      return middleman.connections;
    },
    forget() {
      for (const link of open) link.isForgotten = true;
    },
    close: middleman.close,
  };
}

export interface HttpProxy extends Middleman {
  /** Where it was asked to connect to, as `host:port`, or to pass a request on to, as `METHOD URL`. */
  asked: string[];
  /** The credentials that came with that. */
  authorizations: (string | undefined)[];
}

/**
 * Connects to `targetPort` whatever name it is asked for, so that tests may use names that nobody else knows; requests with a
 * whole URL are passed on there. With another `status` it refuses all with that.
 */
export async function startHttpProxy(targetPort: number, status = 200): Promise<HttpProxy> {
  const asked: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const server = createHttp((request, response) => {
    const { method = "", url = "", headers } = request;
    asked.push(`${method} ${url}`);
    authorizations.push(headers["proxy-authorization"]);
    const whole = URL.parse(url);
    if (status !== 200 || whole === null) {
      response.writeHead(whole === null ? 400 : status).end();
      return;
    }
    const { "proxy-authorization": _, ...passedOn } = headers;
    const path = whole.pathname + whole.search;
    const up = requestOf(
      { port: targetPort, host: "127.0.0.1", method, path, headers: passedOn },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    up.on("error", () => response.destroy());
    response.on("close", () => up.destroy());
    request.pipe(up);
  });
  server.on("connect", (request, client) => {
    asked.push(request.url ?? "");
    authorizations.push(request.headers["proxy-authorization"]);
    client.on("error", () => {});
    if (status !== 200) {
      client.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    openTunnel(client, targetPort, "HTTP/1.1 200 Connection established\r\n\r\n");
  });
  return Object.assign(await start(server), { asked, authorizations });
}

/** Connects the client to the target, and answers with `opening` then. The end of either is the end of both. */
function openTunnel(client: Duplex, targetPort: number, opening: string | Buffer): void {
  const up = connect(targetPort, "127.0.0.1", () => {
    client.write(opening);
    up.pipe(client).pipe(up);
  });
  up.on("error", () => client.destroy());
  client.on("close", () => up.destroy());
}

/** SOCKS5 without credentials, for names: https://www.rfc-editor.org/rfc/rfc1928 */
export async function startSocksProxy(
  targetPort: number,
): Promise<Pick<HttpProxy, "port" | "asked" | "close">> {
  const asked: string[] = [];
  const server = createServer((client) => {
    client.once("data", () => {
      client.write(Buffer.from([5, 0]));
      client.once("data", (request: Buffer) => {
        const length = request[4] ?? 0;
        asked.push(`${request.subarray(5, 5 + length)}:${request.readUInt16BE(5 + length)}`);
        openTunnel(client, targetPort, Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0]));
      });
    });
  });
  const { port, close } = await start(server);
  return { port, close, asked };
}

export interface Front extends Middleman {
  /** The Authorization headers that clients have sent. */
  authorizations: (string | undefined)[];
}

/** As `kubectl proxy`: without TLS and credentials on this side, with both on the other. */
export async function startPlainFront(https: Listening, token: string): Promise<Front> {
  const agent = new Agent({ connect: { ca: https.caPem } });
  const authorizations: (string | undefined)[] = [];
  const server = createHttp(async (request, response) => {
    authorizations.push(request.headers.authorization);
    const answer = await agent.request({
      origin: https.url,
      path: request.url ?? "",
      method: request.method as "GET",
      headers: { authorization: `Bearer ${token}`, accept: request.headers.accept ?? "" },
    });
    response.writeHead(answer.statusCode, { "content-type": "application/json" });
    response.end(await answer.body.text());
  });
  const middleman = await start(server);
  return Object.assign(middleman, {
    authorizations,
    close: async () => {
      await agent.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  });
}
