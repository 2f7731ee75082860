import type { HttpBody, HttpPost, JsonServer } from "../../daemon/prometheus/server.ts";
import { type Clock, systemClock } from "../../daemon/time/clock.ts";

/** Prometheus and Alertmanager as the gates' tests play them. */

export const { signal } = new AbortController();

export function prometheus(post: HttpPost, changes: Partial<JsonServer> = {}): JsonServer {
  return {
    name: "Prometheus",
    url: "http://prometheus:9090",
    timeoutMs: 10_000,
    clock: systemClock,
    post,
    ...changes,
  };
}

export function alertmanager(post: HttpPost, changes: Partial<JsonServer> = {}): JsonServer {
  return { ...prometheus(post), name: "Alertmanager", url: "http://alertmanager:9093", ...changes };
}

/** Its waits are over at once. */
export const hastyClock: Clock = { wall: () => 0, elapsed: () => 0, sleep: async () => {} };

export const silent: HttpPost = () => new Promise(() => {});

export function answering(status: number, body: unknown): HttpPost {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return async () => ({ status, text });
}

/** A field of the form that was posted. */
export function field(body: HttpBody | undefined, name: string): string | undefined {
  return typeof body === "object" ? body[name] : undefined;
}

export function element(metric: Record<string, string>, value = "1") {
  return { metric, value: [0, value] as [number, string] };
}

export function alert(name: string, alertstate = "firing", value = "1", labels: Record<string, string> = {}) {
  return element({ __name__: "ALERTS", alertname: name, alertstate, ...labels }, value);
}

export function vector(...result: ReturnType<typeof element>[]): HttpPost {
  return answering(200, { status: "success", data: { resultType: "vector", result } });
}

/** In each row a server that gives no answer that could be used. */
export const useless: [what: string, post: HttpPost, says: RegExp][] = [
  [
    "a refused connection",
    () => Promise.reject(Object.assign(new AggregateError([], ""), { code: "ECONNREFUSED" })),
    /asking (Prometheus|Alertmanager) at http:.*: ECONNREFUSED$/,
  ],
  ["an error", answering(500, "out of\n memory"), /answered 500: out of memory/],
  ["no right to ask", answering(401, ""), /answered 401/],
  ["a redirect", answering(302, "<a>"), /answered 302, a redirect, which is not followed/],
  ["something that is not JSON", answering(200, "<html>"), /answered something that is not JSON/],
  ["other JSON", answering(200, { status: "success" }), /answered something that is no /],
];
