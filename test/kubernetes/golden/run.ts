/** Holds a recorded conversation with a server and gathers the differences. */
import type { ApiResponse, Transport } from "../../../daemon/cluster/transport.ts";
import { bodyOf } from "../api/bodies.ts";
import type { GoldenCase, Step } from "./case.ts";
import { type Actual, compareAnswer, type Difference } from "./compare.ts";
import { Bindings } from "./placeholders.ts";

/** A server to talk to, in memory or behind a socket. */
export interface Partner {
  /** "" for no credentials, undefined for the administrator. */
  transport(token: string | undefined): Transport;
  /** Lets time pass: the server's own where that is stepped, else the real one. */
  pass(ms: number): Promise<void>;
  compact(): Promise<void>;
}

const closeWaitMs = 60_000;
const untilTriesMax = 100;

interface OpenWatch {
  response: ApiResponse;
  events: unknown[];
  closed: boolean;
  stop: AbortController;
}

interface Sent {
  method: NonNullable<Step["method"]>;
  path: string;
  headers?: Record<string, string>;
  body?: unknown;
  token?: string | undefined;
}

export async function runCase(golden: GoldenCase, partner: Partner, number: number): Promise<string[]> {
  const bindings = new Bindings();
  bindings.bind("<id>", `c${number}x`);
  bindings.bind("<ns>", `ns-${number}`);
  const watches = new Map<string, OpenWatch>();
  const tokens = new Map<string, string>();
  const created: string[] = [];
  const namespace = bindings.get("<ns>") ?? "";

  async function send(sent: Sent): Promise<Actual> {
    const response = await open(partner, sent, new AbortController().signal);
    const text = await bodyOf(response);
    const body = parse(text);
    const { name } = (body as { metadata?: { name?: string } } | undefined)?.metadata ?? {};
    const path = sent.path.split("?")[0] ?? "";
    // Answers of subresources are 201 as well, but nothing has come about under their path.
    if (response.status === 201 && name && !path.includes(`/${name}/`)) {
      created.push(sent.method === "POST" ? `${path}/${name}` : path);
    }
    return { status: response.status, header: (header) => response.header(header), body };
  }

  async function must(sent: Sent): Promise<unknown> {
    const { status, body } = await send(sent);
    if (status > 299) throw new Error(`preparing ${sent.path}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  async function prepare(): Promise<void> {
    if (!JSON.stringify(golden.steps).includes("<ns>")) return;
    await must({ method: "POST", path: "/api/v1/namespaces", body: { metadata: { name: namespace } } });
    const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
    await must({ method: "POST", path: accounts, body: { metadata: { name: "default" } } });
  }

  async function tokenOf({ as, token }: Step): Promise<string | undefined> {
    if (token !== undefined) return bindings.fillText(token);
    if (!as || as === "admin") return undefined;
    if (!tokens.has(as)) {
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${as}/token`;
      const answer = await must({ method: "POST", path, body: { spec: {} } });
      tokens.set(as, (answer as { status: { token: string } }).status.token);
    }
    return tokens.get(as);
  }

  async function perform(step: Step): Promise<Actual | undefined> {
    if (step.compact) {
      await partner.compact();
      return undefined;
    }
    if (step.collect) return collect(watches.get(step.collect), step, partner);
    const sent: Sent = {
      method: step.method ?? "GET",
      path: bindings.fillText(step.path ?? ""),
      headers: bindings.fill(step.headers ?? {}) as Record<string, string>,
      body: bindings.fill(step.body),
      token: await tokenOf(step),
    };
    if (step.start) {
      watches.set(step.start, await openWatch(partner, sent));
      return undefined;
    }
    let actual = await send(sent);
    for (let i = 0; step.until && actual.status !== step.until && i < untilTriesMax; i++) {
      await partner.pass(50);
      actual = await send(sent);
    }
    return actual;
  }

  async function cleanUp(): Promise<void> {
    for (const { stop } of watches.values()) stop.abort();
    for (const path of created.reverse()) {
      const { status, body } = await send({
        method: "DELETE",
        path,
        body: { gracePeriodSeconds: 0, propagationPolicy: "Background" },
      });
      if (status > 299) continue;
      const left = body as { kind?: string; metadata?: { finalizers?: string[] } };
      const headers = { "content-type": "application/merge-patch+json" };
      if (left.metadata?.finalizers) {
        await send({ method: "PATCH", path, headers, body: { metadata: { finalizers: null } } });
      }
      if (left.kind === "Namespace") {
        await send({ method: "PUT", path: `${path}/finalize`, body: { ...left, spec: { finalizers: [] } } });
      }
    }
  }

  const faults: string[] = [];
  try {
    await prepare();
    for (const [i, step] of golden.steps.entries()) {
      const actual = await perform(step);
      if (!actual) continue;
      const [found = [], ...others] = [step.expect ?? {}, step.orElse ?? []]
        .flat()
        .map((expect) => compareAnswer(expect, actual, bindings, step.ignore));
      if (others.some((differences) => differences.length === 0)) continue;
      faults.push(...found.map((difference) => describeDifference(i, step, difference)));
    }
  } finally {
    await cleanUp();
  }
  return faults;
}

function open(partner: Partner, { method, path, headers, body, token }: Sent, signal: AbortSignal) {
  return partner.transport(token)({
    method,
    path: encodeURI(path),
    headers: { accept: "application/json", "content-type": "application/json", ...headers },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    signal,
  });
}

async function openWatch(partner: Partner, sent: Sent): Promise<OpenWatch> {
  const stop = new AbortController();
  const response = await open(partner, { ...sent, method: "GET" }, stop.signal);
  const watch: OpenWatch = { response, events: [], closed: false, stop };
  void read(watch);
  return watch;
}

async function read(watch: OpenWatch): Promise<void> {
  let rest = "";
  try {
    for await (const chunk of watch.response.chunks()) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      watch.events.push(...lines.filter(Boolean).map(parse));
    }
    if (rest) watch.events.push(parse(rest));
    watch.closed = true;
  } catch {
    // Stopped by the clean-up; a watch that breaks is not closed.
  }
}

async function collect(watch: OpenWatch | undefined, step: Step, partner: Partner): Promise<Actual> {
  if (!watch) throw new Error(`no watch ${step.collect}`);
  const isDone = () => watch.closed || (!step.closed && counted(watch, step).length >= (step.events ?? 0));
  for (let passed = 0; !isDone() && passed < closeWaitMs; passed += 100) await partner.pass(100);
  // None may follow.
  if (!watch.closed) await partner.pass(100);
  const events = counted(watch, step);
  watch.events.length = 0;
  const { status } = watch.response;
  const isRefused = status !== 200;
  return {
    status,
    header: (name) => watch.response.header(name),
    events: isRefused ? [] : events,
    closed: watch.closed,
    ...(isRefused && { body: events[0] }),
  };
}

/** How many plain bookmarks come is the server's choice; of several in a row at the end of a watch the last counts. */
function counted({ events }: OpenWatch, { closed }: Step): unknown[] {
  const isPlain = (event: unknown) => {
    const { type, object } = (event ?? {}) as {
      type?: string;
      object?: { metadata?: { annotations?: unknown } };
    };
    return type === "BOOKMARK" && !object?.metadata?.annotations;
  };
  return events.filter((event, i) => !isPlain(event) || (closed && !isPlain(events[i + 1])));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function describeDifference(i: number, step: Step, { path, expected, actual, why }: Difference): string {
  const what = step.collect ? `what ${step.collect} has seen` : `${step.method ?? "GET"} ${step.path}`;
  return `step ${i + 1}, ${what}: ${path}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)} (${why})`;
}
