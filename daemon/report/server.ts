import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Registry } from "prom-client";

export interface ServerOptions {
  host: string;
  port: number;
  registry: Registry;
  /** Undefined while all is well; else the sentence that /healthz answers with 503. */
  fault: () => string | undefined;
}

/**
 * Serves /metrics and /healthz; resolves when it listens, rejects when it cannot. Each connection has one request at a time: who
 * sends the next one before its answer has gone out is cut off.
 */
export async function serve({
  host,
  port,
  registry,
  fault,
}: ServerOptions): Promise<{ port: number; close: () => void }> {
  const asking = new WeakSet<Socket>();
  const server = createServer(async (request, response) => {
    const { socket } = request;
    // Node would read on and keep an answer for each of thousands of requests that nobody takes away.
    if (asking.has(socket)) {
      socket.destroy();
      return;
    }
    asking.add(socket);
    response.once("close", () => asking.delete(socket));
    // Whatever was sent; not every request names what a URL may hold.
    const [path] = (request.url ?? "").split("?", 1);
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.writeHead(405, { allow: "GET, HEAD" }).end();
    } else if (path === "/metrics") {
      const text = await registry.metrics();
      response.writeHead(200, { "content-type": registry.contentType }).end(text);
    } else if (path === "/healthz") {
      const wrong = fault();
      response
        .writeHead(wrong === undefined ? 200 : 503, { "content-type": "text/plain" })
        .end(`${wrong ?? "ok"}\n`);
    } else {
      response
        .writeHead(404, { "content-type": "text/plain" })
        .end("not found; there are /metrics and /healthz\n");
    }
  });
  server.requestTimeout = 10_000;
  server.maxConnections = 100;
  await listen(server, port, host);
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host === "" ? undefined : host, () => {
      server.removeListener("error", reject);
      resolve();
    });
  });
}
