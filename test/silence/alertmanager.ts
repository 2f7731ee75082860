import type { HttpAnswer, HttpPost } from "../../daemon/prometheus/server.ts";
import { type Matcher, matchersKey } from "../../daemon/silence/matchers.ts";

export interface StoredSilence {
  id: string;
  startsAt: number;
  endsAt: number;
  updatedAt: number;
  createdBy: string;
  comment: string;
  matchers: readonly Matcher[];
}

/** How it fails. `loses-answers`: it does what is asked, and nobody hears of it. */
export type AlertmanagerFault = "down" | "hangs" | "refuses" | "loses-answers";

export type AlertmanagerModel = ReturnType<typeof createAlertmanager>;

/**
 * Alertmanager in memory, with its rules about silences:
 * https://github.com/prometheus/alertmanager/blob/v0.25.0/silence/silence.go (Silences.Set)
 */
export function createAlertmanager(now: () => number) {
  const silences: StoredSilence[] = [];
  const requests: { method: "GET" | "POST"; at: number }[] = [];
  /** Alerts that it knows, and that fire. */
  const alerts: Record<string, string>[] = [];
  let lastId = 0;
  const model = {
    silences,
    requests,
    alerts,
    fault: undefined as AlertmanagerFault | undefined,
    /** A replica that has heard of no silence yet. */
    isLagging: false,
    /** Called after each change of a silence, with what it was before. */
    onChange: (_after: StoredSilence, _before: StoredSilence | undefined): void => {},
    active: () => silences.filter(({ endsAt }) => endsAt > now()),
    /** As a person does it. */
    create(silence: Partial<StoredSilence> & Pick<StoredSilence, "matchers">): StoredSilence {
      const usual = { startsAt: now(), endsAt: now() + 3_600_000, createdBy: "somebody", comment: "" };
      const created = { id: String(++lastId), updatedAt: now(), ...usual, ...silence };
      silences.push(created);
      return created;
    },
    expire(id: string): void {
      for (const one of silences.filter((silence) => silence.id === id)) {
        const before = { ...one };
        Object.assign(one, { endsAt: now(), updatedAt: now() });
        model.onChange(one, before);
      }
    },
    isSilenced: (labels: Record<string, string>): boolean =>
      model.active().some(({ matchers }) => matchers.every((matcher) => matches(matcher, labels))),
    post: (async (url, body) => {
      requests.push({ method: body === undefined ? "GET" : "POST", at: now() });
      if (model.fault === "down")
        throw Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
      if (model.fault === "hangs") return await new Promise<never>(() => {});
      if (model.fault === "refuses") return { status: 503, text: "starting up" };
      const answer = answerTo(new URL(url), body as string | undefined);
      if (model.fault === "loses-answers") throw new Error("other side closed");
      return answer;
    }) satisfies HttpPost as HttpPost,
  };

  function answerTo(url: URL, body: string | undefined): HttpAnswer {
    const date = Math.floor(now() / 1000) * 1000;
    if (url.pathname.endsWith("/api/v2/alerts")) {
      const known = alerts.map((labels) => {
        const silencedBy = model
          .active()
          .filter(({ matchers }) => matchers.every((one) => matches(one, labels)));
        return { labels, status: { silencedBy: silencedBy.map(({ id }) => id), inhibitedBy: [] } };
      });
      return { status: 200, text: JSON.stringify(known), date };
    }
    if (!url.pathname.endsWith("/api/v2/silences")) return { status: 404, text: "", date };
    if (body !== undefined) return { ...save(JSON.parse(body)), date };
    const [, name, value] = /^(\w+)=(".*")$/.exec(url.searchParams.get("filter") ?? "") ?? [];
    const found = (model.isLagging ? [] : silences).filter(
      ({ matchers }) =>
        name === undefined ||
        matchers.some((one) => one.name === name && !one.isRegex && JSON.stringify(one.value) === value),
    );
    return { status: 200, text: JSON.stringify(found.map((one) => shown(one, now()))), date };
  }

  function save(given: Record<string, string> & { matchers: Matcher[] }): HttpAnswer {
    const [startsAt, endsAt] = [Date.parse(given["startsAt"] ?? ""), Date.parse(given["endsAt"] ?? "")];
    if (endsAt < now() || endsAt <= startsAt)
      return { status: 400, text: '"end time must not be in the past"' };
    const { comment = "", createdBy = "", id, matchers } = given;
    const found = silences.find((one) => one.id === id);
    if (id !== undefined && found === undefined) return { status: 404, text: '"silence not found"' };
    const wanted = { endsAt, updatedAt: now(), createdBy, comment, matchers };
    const isActive = found !== undefined && found.endsAt > now();
    const isSame = isActive && matchersKey(found.matchers) === matchersKey(matchers);
    if (isSame && Math.floor(found.startsAt / 1000) === Math.floor(startsAt / 1000)) {
      const before = { ...found };
      Object.assign(found, wanted);
      model.onChange(found, before);
      return { status: 200, text: JSON.stringify({ silenceID: found.id }) };
    }
    if (isActive) model.expire(found.id);
    const created = { id: String(++lastId), ...wanted, startsAt: Math.max(startsAt, now()) };
    silences.push(created);
    model.onChange(created, undefined);
    return { status: 200, text: JSON.stringify({ silenceID: created.id }) };
  }

  return model;
}

function shown({ startsAt, endsAt, updatedAt, ...silence }: StoredSilence, now: number) {
  const state = endsAt <= now ? "expired" : startsAt > now ? "pending" : "active";
  const times = { startsAt: iso(startsAt), endsAt: iso(endsAt), updatedAt: iso(updatedAt) };
  return { ...silence, ...times, status: { state } };
}

const iso = (ms: number) => new Date(ms).toISOString();

function matches({ name, value, isRegex, isEqual }: Matcher, labels: Record<string, string>): boolean {
  const found = labels[name] ?? "";
  return (isRegex ? new RegExp(`^(?:${value})$`).test(found) : found === value) === isEqual;
}
