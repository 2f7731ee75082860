/** The silences in Alertmanager: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml */
import * as z from "zod/mini";
import { matchersSchema, readList, silencesPath } from "../prometheus/alertmanager.ts";
import { silenceAuthor } from "../prometheus/own-silence.ts";
import { askServer, type JsonServer, serverText } from "../prometheus/server.ts";
import { iso } from "../time/iso.ts";
import type { Matcher } from "./matchers.ts";
import type { Silence, Step } from "./plan.ts";

const time = z.pipe(
  z.string(),
  z.transform((text) => Date.parse(text)),
);
/** A silence of others may have anything else in it. */
const silencesSchema = z.array(
  z.object({
    id: z.string(),
    status: z.object({ state: z.string() }),
    startsAt: time,
    endsAt: time,
    updatedAt: time,
    createdBy: z.string(),
    comment: z.string(),
    matchers: matchersSchema,
  }),
);
const savedSchema = z.object({ silenceID: z.string() });

/**
 * The silences with these matchers, among others, also those that have expired not long ago, and the server's
 * clock, or this node's where it shows none. Rejects if that is unknown.
 */
export async function listSilences(
  server: JsonServer,
  matchers: readonly Matcher[],
  signal: AbortSignal,
): Promise<{ silences: readonly Silence[]; now: number }> {
  // A filter selects silences with a matcher of the same text; versions differ in how they take expressions.
  const first = matchers.find(({ isEqual, isRegex }) => isEqual && !isRegex);
  const filter = first && new URLSearchParams({ filter: `${first.name}=${JSON.stringify(first.value)}` });
  const path = filter === undefined ? silencesPath : `${silencesPath}?${filter}`;
  const { list, date } = await readList(server, path, silencesSchema, signal);
  const silences = list.map(({ status, ...silence }) => ({ ...silence, state: status.state }));
  return { silences, now: date ?? server.clock.wall() };
}

/** Creates the silence, or changes that of the ID. Resolves with its ID, which may be another one. */
export async function saveSilence(
  server: JsonServer,
  matchers: readonly Matcher[],
  { id, startsAt, endsAt, comment }: Omit<Step, "outcome">,
  signal: AbortSignal,
): Promise<string> {
  const silence = {
    ...(id !== undefined && { id }),
    matchers,
    startsAt: iso(startsAt),
    endsAt: iso(endsAt),
    createdBy: silenceAuthor,
    comment,
  };
  const parsed = savedSchema.safeParse(
    await askServer(server, silencesPath, JSON.stringify(silence), signal),
  );
  if (parsed.success) return parsed.data.silenceID;
  throw new Error(`${serverText(server)} answered no ID to a silence`, { cause: parsed.error });
}
