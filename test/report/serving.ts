import { connect, type Socket } from "node:net";
import { createMetrics } from "../../daemon/report/metrics.ts";
import { type ServerOptions, serve } from "../../daemon/report/server.ts";

/** Servers and connections that are closed after the test. */
export const opened = new Set<{ destroy: () => void }>();

export function closeOpened(): void {
  for (const one of opened) one.destroy();
  opened.clear();
}

export async function started(options: Partial<ServerOptions> = {}) {
  const { registry } = createMetrics("n1", "1.2.3");
  const warnings: string[] = [];
  const given = { host: "127.0.0.1", port: 0, registry, fault: () => undefined, unready: () => undefined };
  const server = await serve({ ...given, warn: (message) => void warnings.push(message), ...options });
  opened.add({ destroy: server.close });
  const ask = async (path: string, init: RequestInit = {}) => {
    const signal = AbortSignal.timeout(2000);
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { signal, ...init });
    return { status: response.status, text: await response.text() };
  };
  return { port: server.port, registry, warnings, ask };
}

/** A client that ignores resets. */
export function client(port: number, localAddress = "127.0.0.1"): Socket {
  const socket = connect({ port, host: "127.0.0.1", localAddress });
  socket.on("error", () => {});
  opened.add(socket);
  socket.once("close", () => opened.delete(socket));
  return socket;
}

export const ended = (socket: Socket) => new Promise((resolve) => socket.once("close", resolve));

/** All data of the other end. */
export async function everythingOf(socket: Socket): Promise<string> {
  let text = "";
  socket.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  await ended(socket);
  return text;
}

export const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`;
