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

/** Plays a case; answers with a sentence for each difference. `number` keeps the names of cases apart. */
export async function runCase(golden: GoldenCase, partner: Partner, number: number): Promise<string[]> {
  const bindings = new Bindings();
  bindings.bind("<id>", `c${number}x`);
  bindings.bind("<ns>", `ns-${number}`);
  const namespace = bindings.get("<ns>") ?? "";
  const client = createClient(partner);
  const watches = createWatches(partner);
  const tokens = createTokens(client, namespace);

  async function tokenOf({ as, token }: Step): Promise<string | undefined> {
    if (token !== undefined) return bindings.fillText(token);
    return !as || as === "admin" ? undefined : tokens.of(as);
  }

  async function perform(step: Step): Promise<Actual | undefined> {
    if (step.compact) {
      await partner.compact();
      return undefined;
    }
    if (step.collect) return watches.collect(step.collect, step);
    const sent: Sent = {
      method: step.method ?? "GET",
      path: bindings.fillText(step.path ?? ""),
      headers: bindings.fill(step.headers ?? {}) as Record<string, string>,
      body: bindings.fill(step.body),
      token: await tokenOf(step),
    };
    if (step.start) {
      await watches.open(step.start, sent);
      return undefined;
    }
    let actual = await client.send(sent);
    for (let i = 0; step.until && actual.status !== step.until && i < untilTriesMax; i++) {
      await partner.pass(50);
      actual = await client.send(sent);
    }
    return actual;
  }

  const faults: string[] = [];
  try {
    if (JSON.stringify(golden.steps).includes("<ns>")) await createNamespace(client, namespace);
    for (const [i, step] of golden.steps.entries()) {
      const actual = await perform(step);
      if (!actual) continue;
      const found = differencesOf(step, actual, bindings);
      faults.push(...found.map((difference) => describeDifference(i, step, difference)));
    }
  } finally {
    watches.stopAll();
    await client.removeCreated();
  }
  return faults;
}

/** A client that knows what it has created. */
interface Client {
  send(sent: Sent): Promise<Actual>;
  /** For preparations, which have to succeed; resolves with the body. */
  must(sent: Sent): Promise<unknown>;
  /** Deletes it all, the newest first, with its finalizers. */
  removeCreated(): Promise<void>;
}

function createClient(partner: Partner): Client {
  const created: string[] = [];

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

  async function remove(path: string): Promise<void> {
    const options = { gracePeriodSeconds: 0, propagationPolicy: "Background" };
    const { status, body } = await send({ method: "DELETE", path, body: options });
    if (status > 299) return;
    const left = body as { kind?: string; metadata?: { finalizers?: string[] } };
    const headers = { "content-type": "application/merge-patch+json" };
    if (left.metadata?.finalizers) {
      await send({ method: "PATCH", path, headers, body: { metadata: { finalizers: null } } });
    }
    if (left.kind === "Namespace") {
      await send({ method: "PUT", path: `${path}/finalize`, body: { ...left, spec: { finalizers: [] } } });
    }
  }

  return {
    send,
    async must(sent) {
      const { status, body } = await send(sent);
      if (status > 299) throw new Error(`preparing ${sent.path}: ${status} ${JSON.stringify(body)}`);
      return body;
    },
    async removeCreated() {
      for (const path of created.reverse()) await remove(path);
    },
  };
}

async function createNamespace({ must }: Client, name: string): Promise<void> {
  await must({ method: "POST", path: "/api/v1/namespaces", body: { metadata: { name } } });
  const accounts = `/api/v1/namespaces/${name}/serviceaccounts`;
  await must({ method: "POST", path: accounts, body: { metadata: { name: "default" } } });
}

/** The tokens of service accounts, each asked for once. */
function createTokens({ must }: Client, namespace: string) {
  const tokens = new Map<string, string>();
  return {
    async of(account: string): Promise<string | undefined> {
      if (!tokens.has(account)) {
        const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
        const answer = await must({ method: "POST", path, body: { spec: {} } });
        tokens.set(account, (answer as { status: { token: string } }).status.token);
      }
      return tokens.get(account);
    },
  };
}

/** The open watches of a case, by name. */
function createWatches(partner: Partner) {
  const watches = new Map<string, OpenWatch>();
  return {
    open: async (name: string, sent: Sent) => void watches.set(name, await openWatch(partner, sent)),
    collect: (name: string, step: Step) => collect(watches.get(name), step, partner),
    stopAll: () => {
      for (const { stop } of watches.values()) stop.abort();
    },
  };
}

/** None where the answer is one of those that the step allows; else the differences to the first of them. */
function differencesOf(step: Step, actual: Actual, bindings: Bindings): Difference[] {
  const [first = [], ...others] = [step.expect ?? {}, step.orElse ?? []]
    .flat()
    .map((expect) => compareAnswer(expect, actual, bindings, step.ignore));
  return others.some((differences) => differences.length === 0) ? [] : first;
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
