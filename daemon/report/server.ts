import { createServer as createHttpServer, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Registry } from "prom-client";
import { boundConnections, type ConnectionLimits, onlyFirstHead } from "../http/connections.ts";
import { isSameSecret } from "../http/secret.ts";
import { contentTypes, type Form, formFor, toOpenMetrics, withNaN } from "./exposition.ts";
import { explain } from "./log.ts";
import type { CertificatePair, MetricsAccess } from "./metrics-access.ts";

export interface ServerOptions {
  host: string;
  port: number;
  registry: Registry;
  /** Undefined if the daemon is healthy; else the text that /healthz returns with status 503. */
  fault: () => string | undefined;
  /** The same for /readyz. */
  unready: () => string | undefined;
  /** Undefined: neither TLS nor a token. */
  access?: MetricsAccess;
  /** Called once for each failure of a file or of the rendering, until it succeeds again. */
  warn: (message: string) => void;
  limits?: ConnectionLimits;
}

/**
 * The kubelet, Prometheus and a person need a handful of connections for milliseconds. The timeout of probes
 * is 5 s, too.
 */
const usualLimits: ConnectionLimits = { max: 100, deadlineMs: 5000 };

/**
 * Serves /metrics, /healthz and /readyz. Resolves when it listens, rejects if it cannot. Any client in the
 * cluster may connect: a connection has one request without a body, and ends with the answer, or at its
 * deadline.
 */
export async function serve(options: ServerOptions): Promise<{ port: number; close: () => void }> {
  const { host, port, access = {}, warn, limits = usualLimits } = options;
  const answer = createAnswers({ ...options, access });
  const http = createHttpServer(async (request, response) => {
    const { status, headers, body } = await answer(request);
    const length = Buffer.byteLength(body);
    response.writeHead(status, { ...headers, "content-length": length, connection: "close" }).end(body);
  });
  const answerOn = (socket: Socket) => void http.emit("connection", onlyFirstHead(socket));
  const tls = access.readPair && (await createTls(access.readPair, warn, answerOn));
  const tcp = createTcpServer();
  const connections = boundConnections(tcp, limits);
  tcp.on("connection", tls ?? answerOn);
  await listen(tcp, port, host);
  return {
    port: (tcp.address() as AddressInfo).port,
    close() {
      tcp.close();
      connections.endAll();
    },
  };
}

interface Answer {
  status: number;
  headers: OutgoingHttpHeaders;
  body: string | Buffer;
}

function createAnswers({
  registry,
  fault,
  unready,
  access,
  warn,
}: Pick<ServerOptions, "registry" | "fault" | "unready" | "warn"> & { access: MetricsAccess }) {
  // Requests at the same time share one rendering and its bytes.
  const renderText = shared(async () => withNaN(await registry.metrics()));
  const render: Record<Form, () => Promise<Buffer>> = {
    text: shared(async () => Buffer.from(await renderText())),
    openMetrics: shared(async () => Buffer.from(toOpenMetrics(await renderText()))),
  };
  const say = eachOnce(warn);
  const metrics = async (accept: string | undefined): Promise<Answer> => {
    const form = formFor(accept);
    try {
      const body = await render[form]();
      say(undefined);
      return { status: 200, headers: { "content-type": contentTypes[form], vary: "accept" }, body };
    } catch (error) {
      say(`rendering /metrics failed: ${explain(error)}`);
      return text(500, "rendering the metrics failed; see rebootd's log");
    }
  };
  const refusal = access.readToken && createGuard(shared(access.readToken), warn);

  return async ({ method, url, headers }: IncomingMessage): Promise<Answer> => {
    // The target may be invalid as a URL.
    const [path] = (url ?? "").split("?", 1);
    if (method !== "GET" && method !== "HEAD")
      return text(405, "method not allowed; use GET or HEAD", { allow: "GET, HEAD" });
    if (path === "/metrics") {
      const refused = await refusal?.(headers.authorization);
      if (refused !== undefined) return refused;
      return await metrics(headers.accept);
    }
    if (path === "/healthz" || path === "/readyz") {
      const wrong = path === "/healthz" ? fault() : unready();
      return text(wrong === undefined ? 200 : 503, wrong ?? "ok");
    }
    return text(404, "not found; use /metrics, /healthz or /readyz");
  };
}

function text(status: number, sentence: string, headers: OutgoingHttpHeaders = {}): Answer {
  return { status, headers: { ...headers, "content-type": "text/plain" }, body: `${sentence}\n` };
}

/**
 * Returns undefined for an Authorization header with the token
 * (https://www.rfc-editor.org/rfc/rfc6750#section-2.1).
 */
function createGuard(readToken: () => Promise<string>, warn: (message: string) => void) {
  const say = eachOnce(warn);
  return async (authorization: string | undefined): Promise<Answer | undefined> => {
    const [, given] = /^Bearer +(\S+)$/i.exec(authorization ?? "") ?? [];
    const unauthorized = text(401, "a bearer token is required", { "www-authenticate": "Bearer" });
    if (given === undefined) return unauthorized;
    try {
      const isRight = isSameSecret(given, await readToken());
      say(undefined);
      return isRight ? undefined : unauthorized;
    } catch (error) {
      say(`/metrics rejects every request: ${explain(error)}`);
      return text(503, "the token's file cannot be read; see rebootd's log");
    }
  };
}

/**
 * Starts TLS on a connection. The files are read for each connection, so that the next one gets a renewed
 * certificate.
 */
async function createTls(
  readPair: () => Promise<CertificatePair>,
  warn: (message: string) => void,
  onSecure: (socket: Socket) => void,
): Promise<(socket: Socket) => Promise<void>> {
  let shown = await readPair();
  const say = eachOnce(warn);
  // Clients have no certificates, so the usual authorities would only take up memory.
  const server = createTlsServer({ ...shown, ca: [], ALPNProtocols: ["http/1.1"] }, onSecure);
  const renew = shared(async () => {
    try {
      const pair = await readPair();
      if (pair !== shown) server.setSecureContext({ ...pair, ca: [] });
      shown = pair;
      say(undefined);
    } catch (error) {
      // The two files may be replaced one after the other.
      say(`the port of /metrics keeps the previous certificate: ${explain(error)}`);
    }
  });
  return async (socket) => {
    await renew();
    if (!socket.destroyed) server.emit("connection", socket);
  };
}

/** Runs `work` once at a time. Calls during a run share its result. */
function shared<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => {
    running ??= work().finally(() => {
      running = undefined;
    });
    return running;
  };
}

/**
 * Reports a message unless it is the same as the last one. Undefined means success, so that the next failure
 * is reported again.
 */
function eachOnce(say: (sentence: string) => void): (sentence: string | undefined) => void {
  let last: string | undefined;
  return (sentence) => {
    if (sentence !== undefined && sentence !== last) say(sentence);
    last = sentence;
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
