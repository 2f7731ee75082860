/** The server on loopback, over TLS with a certificate of its own, and the kubeconfig that leads to it. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { generate } from "selfsigned";
import { acceptingJson, answerInProtobuf, readBody, takesOnlyProtobuf, type WireAnswer } from "./media.ts";
import type { Method } from "./request.ts";
import type { ApiServer } from "./server.ts";

export interface Listening {
  /** Such as `https://127.0.0.1:40123`. */
  url: string;
  /** The certificate to trust. */
  caPem: string;
  /** Ends all connections and the server. */
  close(): Promise<void>;
}

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/** Serves `server` on 127.0.0.1; port 0 takes any that is free. */
export async function listen(server: ApiServer, options: { port?: number } = {}): Promise<Listening> {
  const { key, cert } = await certificate();
  const sockets = new Set<Socket>();
  const https = createServer({ key, cert }, (request, response) => {
    void serve(server, request, response);
  });
  https.keepAliveTimeout = 0;
  https.requestTimeout = 0;
  https.on("connection", (socket: Socket) => {
    if (server.away) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const forgetAway = server.onAway(cut);
  const port = await bound(https, options.port ?? 0);
  return {
    url: `https://127.0.0.1:${port}`,
    caPem: cert,
    close() {
      forgetAway();
      return new Promise((resolve) => {
        https.close(() => resolve());
        cut();
      });
    },
  };
}

function bound(https: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    https.once("error", reject);
    https.listen(port, "127.0.0.1", () => resolve((https.address() as AddressInfo).port));
  });
}

/** Of 127.0.0.1, signed by itself. */
export async function certificate(): Promise<{ key: string; cert: string }> {
  const made = await generate([{ name: "commonName", value: "kube-apiserver" }], {
    keyType: "ec",
    algorithm: "sha256",
    notAfterDate: new Date(Date.now() + 365 * 24 * 3600 * 1000),
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", digitalSignature: true, keyCertSign: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 7, ip: "127.0.0.1" },
          { type: 2, value: "localhost" },
          { type: 2, value: "kubernetes.default.svc" },
        ],
      },
    ],
  });
  return { key: made.private, cert: made.cert };
}

async function serve(server: ApiServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const ended = new AbortController();
  response.on("close", () => ended.abort());
  try {
    const parts: Buffer[] = [];
    for await (const chunk of request) parts.push(chunk);
    const [path = "", search = ""] = (request.url ?? "").split(/\?(.*)/s);
    const sent = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    );
    const read = readBody(Buffer.concat(parts), sent);
    const inProtobuf = takesOnlyProtobuf(sent);
    const headers = inProtobuf ? acceptingJson(read.headers) : read.headers;
    const token = /^Bearer (.+)$/.exec(headers["authorization"] ?? "")?.[1];
    const method = (methods.includes(request.method ?? "") ? request.method : "GET") as Method;
    const query = new URLSearchParams(search);
    const answer = await server.answer(
      { method, path, query, headers, body: read.body, signal: ended.signal },
      token,
    );
    await send(response, inProtobuf ? answerInProtobuf(answer) : answer);
  } catch {
    // No answer, or one that breaks off: the client sees its connection end.
    response.socket?.destroy();
  }
}

async function send(response: ServerResponse, { status, headers, body }: WireAnswer): Promise<void> {
  response.writeHead(status, headers);
  if (typeof body === "string" || Buffer.isBuffer(body)) {
    response.end(body);
    return;
  }
  // The client learns that its watch is open before the first event.
  response.flushHeaders();
  for await (const chunk of body) {
    // Waiting here fills the watch's own bounded queue, and not the memory of this process.
    if (!response.write(chunk)) await drained(response);
    if (response.destroyed) return;
  }
  response.end();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.once("drain", done);
    response.once("close", done);
  });
}

export interface Kubeconfig {
  url: string;
  caPem: string;
  token: string;
  user: string;
}

/** The text of a kubeconfig file for one user. */
export function kubeconfig({ url, caPem, token, user }: Kubeconfig): string {
  return `apiVersion: v1
kind: Config
clusters:
- name: simulated
  cluster:
    server: ${url}
    certificate-authority-data: ${Buffer.from(caPem).toString("base64")}
users:
- name: ${user}
  user:
    token: ${token}
contexts:
- name: simulated
  context:
    cluster: simulated
    user: ${user}
current-context: simulated
`;
}
