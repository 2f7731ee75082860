/** Prometheus and Alertmanager, through the API server where they are Services of the cluster. */
import { isApiError } from "../../cluster/api.ts";
import { paths } from "../../cluster/paths.ts";
import { parseSettings } from "../../config/settings.ts";
import { ConfigError } from "../../text/config-error.ts";
import { count } from "../../text/count.ts";
import { cut } from "../../text/cut.ts";
import { DeadlineError, withDeadline } from "../../time/deadline.ts";
import { type Finding, failed, type Item, ok, warning } from "./finding.ts";
import type { Look } from "./look.ts";

/** Somebody waits for the answer. */
const serverDeadlineMs = 5000;
const textMaxChars = 200;

type Asked =
  | { state: "answered"; value: unknown; way: string }
  /** The server is there, and wants credentials that only the daemons have. */
  | { state: "locked"; way: string }
  | { state: "failed"; way: string; why: string; isSure: boolean };

interface Service {
  namespace: string;
  /** In the form of the proxy: https://kubernetes.io/docs/tasks/access-application-cluster/access-cluster-services/ */
  port: string;
  path: string;
}

/** The Service in a URL of the cluster; one without dots is in the namespace of the daemon. Undefined: elsewhere. */
export function serviceOf(url: URL, namespace: string): Service | undefined {
  const { hostname, protocol, pathname } = url;
  const [, name, own = namespace] =
    /^([a-z0-9][a-z0-9-]*)(?:\.([a-z0-9-]+)\.svc(?:\.[a-z0-9.-]+)?)?\.?$/.exec(hostname) ?? [];
  if (name === undefined || name === "localhost" || /^\d+$/.test(name)) return undefined;
  const isHttps = protocol === "https:";
  const port = `${isHttps ? "https:" : ""}${name}:${url.port || (isHttps ? "443" : "80")}`;
  return { namespace: own, port, path: pathname.replace(/\/+$/, "") };
}

/** Asks for JSON. Credentials in the URL go nowhere. */
async function ask(
  look: Look,
  { url: text, namespace }: Server,
  path: string,
  query: Record<string, string> = {},
): Promise<Asked> {
  const url = new URL(text);
  const service = serviceOf(url, namespace);
  const way = service === undefined ? "from here" : "through the API server";
  const { clock, signal } = look;
  try {
    return await withDeadline(clock, serverDeadlineMs, signal, url.host, (inner) =>
      service === undefined
        ? askDirectly(look, url, path, query, inner)
        : askService(look, service, path, query, inner),
    );
  } catch (error) {
    signal.throwIfAborted();
    const why = error instanceof DeadlineError ? "no answer within 5 s" : (error as Error).message;
    // The way of the daemons is another one.
    return { state: "failed", way, why: cut(why, textMaxChars), isSure: false };
  }
}

async function askService(
  { api }: Look,
  { namespace, port, path: place }: Service,
  path: string,
  query: Record<string, string>,
  signal: AbortSignal,
): Promise<Asked> {
  const way = "through the API server";
  try {
    const value = await api.get(paths.serviceProxy(namespace, port, `${place}${path}`), { signal, query });
    return { state: "answered", way, value };
  } catch (error) {
    if (!isApiError(error)) throw error;
    if (error.code === "unauthorized") return { state: "locked", way };
    const isSure = error.code === "not-found" || error.code === "server-error";
    return { state: "failed", way, why: cut(error.message, textMaxChars), isSure };
  }
}

async function askDirectly(
  { send }: Look,
  url: URL,
  path: string,
  query: Record<string, string>,
  signal: AbortSignal,
): Promise<Asked> {
  const way = "from here";
  const asked = new URL(url);
  asked.pathname = `${url.pathname.replace(/\/+$/, "")}${path}`;
  for (const [name, value] of Object.entries(query)) asked.searchParams.set(name, value);
  const headers = { accept: "application/json" };
  const { status, text } = await send({ method: "GET", url: asked.href, headers }, signal);
  if (status === 401 || status === 403) return { state: "locked", way };
  if (status !== 200) return { state: "failed", way, why: `it answers ${status}`, isSure: false };
  try {
    return { state: "answered", way, value: JSON.parse(text) };
  } catch {
    return { state: "failed", way, why: "its answer is not JSON", isSure: true };
  }
}

interface Server {
  url: string;
  namespace: string;
}

/** The distinct servers in the options of the daemons. */
async function servers(look: Look, which: "prometheusUrl" | "alertmanagerUrl"): Promise<Server[]> {
  const found = (await look.installed()).flatMap(({ raw, namespace }) => {
    const { alerts, silences } = settingsOf(raw) ?? {};
    const url = which === "prometheusUrl" ? alerts?.prometheusUrl : undefined;
    const other = which === "alertmanagerUrl" ? (alerts?.alertmanagerUrl ?? silences?.alertmanagerUrl) : url;
    return other === undefined ? [] : [{ url: other, namespace }];
  });
  return [...new Map(found.map((one) => [one.url, one])).values()];
}

/** Undefined for options that are not valid, which another item names. */
function settingsOf(raw: Parameters<typeof parseSettings>[0]): ReturnType<typeof parseSettings> | undefined {
  try {
    return parseSettings(raw);
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

/** Without user, password and query. */
function shownUrl(text: string): string {
  const { origin, pathname } = new URL(text);
  return `${origin}${pathname}`.replace(/\/+$/, "");
}

const directFix = "the daemons may reach it all the same: rebootd explain NODE says so where they do not";

function reachability({ url }: Server, asked: Asked, option: string): Finding {
  const where = shownUrl(url);
  if (asked.state === "answered") return ok(`${where} answers (asked ${asked.way})`);
  if (asked.state === "locked")
    return ok(`${where} is there, and wants credentials that only the daemons have (asked ${asked.way})`);
  const what = `${where} does not answer as it should (asked ${asked.way}): ${asked.why}`;
  return asked.isSure ? failed(what, `correct ${option}, or start that server`) : warning(what, directFix);
}

export const prometheusItem: Item = {
  name: "Prometheus",
  async run(look) {
    const all = await servers(look, "prometheusUrl");
    if (all.length === 0) return ok("no --prometheus-url: alerts hold no node back");
    return await Promise.all(
      all.map(async (server) =>
        reachability(server, await ask(look, server, "/api/v1/query", { query: "1" }), "--prometheus-url"),
      ),
    );
  },
};

export const alertmanagerItem: Item = {
  name: "Alertmanager",
  async run(look) {
    const all = await servers(look, "alertmanagerUrl");
    if (all.length === 0) return ok("no --alertmanager-url");
    return await Promise.all(
      all.map(async (server) =>
        reachability(server, await ask(look, server, "/api/v2/status"), "--alertmanager-url"),
      ),
    );
  },
};

export const messagesItem: Item = {
  name: "messages",
  async run(look) {
    const all = await look.installed();
    const destinations = all.flatMap(({ raw, unknown }) => {
      const { urls = [], urlFile } = settingsOf(raw)?.notify ?? {};
      const elsewhere = unknown.filter((name) => name === "notify-url" || name === "notify-url-file");
      return [...urls, ...elsewhere, ...(urlFile === undefined ? [] : [urlFile])];
    });
    if (destinations.length === 0) return ok("no --notify-url: no messages on failures");
    // To send one is not to look.
    return ok(`${count(destinations.length, "source")} of destinations; rebootd notify --test sends to them`);
  },
};

const monitoring = "add manifests/components/monitoring; see docs/guide/monitoring.md";

export const alertRulesItem: Item = {
  name: "alert rules",
  async run(look) {
    const [server] = await servers(look, "prometheusUrl");
    if (server === undefined) return ok("not looked at: no --prometheus-url");
    const asked = await ask(look, server, "/api/v1/rules", { type: "alert" });
    if (asked.state !== "answered") return ok("not looked at: see Prometheus");
    const names = new Set(alertNames(asked.value));
    if (names.size === 0) return warning(`${shownUrl(server.url)} has none of rebootd`, monitoring);
    return ok(`${count(names.size, "alert")} of rebootd in ${shownUrl(server.url)}`);
  },
};

/** https://prometheus.io/docs/prometheus/latest/querying/api/#rules; anything else has none. */
function alertNames(value: unknown): string[] {
  const { data } = (value ?? {}) as { data?: { groups?: unknown } };
  const groups = Array.isArray(data?.groups) ? data.groups : [];
  const rules = groups.flatMap((group) => (Array.isArray(group?.rules) ? group.rules : []));
  return rules.map((rule) => String(rule?.name)).filter((name) => name.startsWith("Rebootd"));
}

const seenQuery = "count(count by (node) (rebootd_phase))";

export const metricsItem: Item = {
  name: "metrics",
  async run(look) {
    const [[server], daemons] = await Promise.all([servers(look, "prometheusUrl"), look.daemons()]);
    if (server === undefined) return ok("not looked at: no --prometheus-url");
    const asked = await ask(look, server, "/api/v1/query", { query: seenQuery });
    if (asked.state !== "answered") return ok("not looked at: see Prometheus");
    const seen = sampleOf(asked.value);
    const nodes = new Set(daemons.map(({ spec }) => spec?.nodeName)).size;
    const what = `${shownUrl(server.url)} has metrics of ${seen} of ${count(nodes, "daemon")}`;
    return seen < nodes ? warning(what, monitoring) : ok(what);
  },
};

/** The value of a vector of one; 0 for an empty one. */
function sampleOf(value: unknown): number {
  const { data } = (value ?? {}) as { data?: { result?: { value?: [number, string] }[] } };
  const number = Number(data?.result?.[0]?.value?.[1]);
  return Number.isFinite(number) ? number : 0;
}
