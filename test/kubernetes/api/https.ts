/** The server on loopback, over TLS with a certificate of its own, and the kubeconfig that leads to it. */

import type { RequestListener } from "node:http";
import {
  constants,
  createSecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from "node:http2";
import { createServer } from "node:https";
import type { AddressInfo, Server, Socket } from "node:net";
import { generate } from "selfsigned";
import type { Answer } from "./answer.ts";
import { betweenGroups, groupHeader } from "./impersonation.ts";
import { acceptingJson, answerInProtobuf, readBody, takesOnlyProtobuf, type WireAnswer } from "./media.ts";
import type { Call, Method } from "./request.ts";

export interface Listening {
  /** Such as `https://127.0.0.1:40123`. */
  url: string;
  /** The certificate to trust. */
  caPem: string;
  /** Ends all connections and the server. */
  close(): Promise<void>;
}

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];

export interface ListenOptions {
  /** 0, the default, takes any that is free. */
  port?: number;
  /** As a front between client and server may: without HTTP/2. */
  onlyHttp1?: boolean;
  /** Told of each connection that speaks HTTP/2. */
  onSession?: (session: ServerHttp2Session) => void;
}

/** Of what has not been sent yet: the real server refuses nobody for answers that are large. */
const sessionMemoryMb = 10_000;

/** The server without sockets. */
export interface Served {
  /** Rejects with ConnectionReset where no answer comes. */
  answer(call: Call, token: string | undefined): Promise<Answer>;
  readonly away: boolean;
  /** Calls `listener` whenever the server goes away; returns how to end that. */
  onAway(listener: () => void): () => void;
}

/** Serves `server` on 127.0.0.1. As kube-apiserver, it offers HTTP/2 and HTTP/1.1, and takes HTTP/2 where it can. */
export async function listen(server: Served, options: ListenOptions = {}): Promise<Listening> {
  const { key, cert } = await certificate();
  const sockets = new Set<Socket>();
  const handle = (request: Http2ServerRequest, response: Http2ServerResponse) =>
    void serve(server, request, response);
  const https = options.onlyHttp1
    ? createServer({ key, cert }, handle as unknown as RequestListener)
    : createSecureServer({ key, cert, allowHTTP1: true, maxSessionMemory: sessionMemoryMb }, handle);
  // For HTTP/1.1: no idle connection and no slow request is ended.
  Object.assign(https, { keepAliveTimeout: 0, requestTimeout: 0 });
  https.on("session", (session) => options.onSession?.(session));
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
export async function certificate(commonName = "kube-apiserver"): Promise<{ key: string; cert: string }> {
  const made = await generate([{ name: "commonName", value: commonName }], {
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

async function serve(
  server: Served,
  request: Http2ServerRequest,
  response: Http2ServerResponse,
): Promise<void> {
  const ended = new AbortController();
  response.on("close", () => ended.abort());
  try {
    const parts: Buffer[] = [];
    for await (const chunk of request) parts.push(chunk);
    const [path = "", search = ""] = (request.url ?? "").split(/\?(.*)/s);
    const sent = Object.fromEntries(
      Object.entries(request.headers)
        .filter(([name]) => !name.startsWith(":"))
        .map(([name, value]) => [name, String(value)]),
    );
    const groups = valuesOf(request.rawHeaders, groupHeader);
    if (groups.length > 0) sent[groupHeader] = groups.join(betweenGroups);
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
    // No answer, or one that breaks off: the client sees its connection end, or over HTTP/2 its stream.
    if (request.httpVersionMajor === 2) response.stream?.close(constants.NGHTTP2_INTERNAL_ERROR);
    else response.socket?.destroy();
  }
}

/** A header that is sent several times has several values; one with commas in it has one. */
function valuesOf(rawHeaders: readonly string[], header: string): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === header);
}

async function send(response: Http2ServerResponse, { status, headers, body }: WireAnswer): Promise<void> {
  response.writeHead(status, headers);
  if (typeof body === "string" || Buffer.isBuffer(body)) {
    response.end(body);
    return;
  }
  // The client learns that its watch is open before the first event.
  (response as Http2ServerResponse & { flushHeaders(): void }).flushHeaders();
  for await (const chunk of body) {
    // Waiting here fills the watch's own bounded queue, and not the memory of this process.
    if (!response.write(chunk)) await drained(response);
    if (response.destroyed) return;
  }
  response.end();
}

function drained(response: Http2ServerResponse): Promise<void> {
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
