/** The way of one request through the server: who asks, what the ledger notes, which faults strike, what the handler answers. */
import type { Actor } from "./actor.ts";
import { type Answer, answerError } from "./answer.ts";
import type { User } from "./authn.ts";
import type { Core } from "./core.ts";
import { ConnectionReset } from "./event-queue.ts";
import { sufferBefore } from "./fault-effects.ts";
import type { Faults } from "./faults.ts";
import { handle } from "./handler.ts";
import { impersonated } from "./impersonation.ts";
import type { Ledger, LedgerEntry } from "./ledger.ts";
import type { Partitions } from "./partitions.ts";
import type { Presence } from "./presence.ts";
import { type Attributes, attributesOf, type Call } from "./request.ts";
import { bodyTooLarge, unauthorized } from "./status.ts";
import type { Watch } from "./watcher.ts";

/** The limit of the real server for a request. */
const bodyBytesMax = 3 * 1024 * 1024;

export interface AnsweringParts {
  core: Core;
  faults: Faults;
  ledger: Ledger;
  partitions: Partitions;
  presence: Presence;
  actor: Actor;
}

/** A request on its way. */
interface Asked {
  call: Call;
  attributes: Attributes;
  user: User | undefined;
  entry: LedgerEntry;
  /** Notes in the ledger that the request is over. */
  end: () => void;
}

/** Answers one request. Rejects with ConnectionReset where no answer comes. */
export function createAnswering(
  parts: AnsweringParts,
): (call: Call, token: string | undefined) => Promise<Answer> {
  const { ledger, partitions, presence } = parts;
  const { authenticator, timers } = parts.core;
  return async (call, token) => {
    if (presence.isAway) throw new ConnectionReset();
    const user = token ? authenticator.authenticate(token) : undefined;
    const attributes = attributesOf(call);
    const entry = openEntry(call, attributes, timers.now(), user?.name ?? "");
    if (partitions.isParted(entry.user)) throw new ConnectionReset();
    ledger.record(entry);
    const end = () => {
      entry.durationMs ??= timers.now() - entry.start;
    };
    try {
      const response = respond(parts, { call, attributes, user, entry, end });
      const given = await unlessParted(partitions, entry.user, response);
      entry.status = given.status;
      if (typeof given.body !== "string") return { ...given, body: counted(given.body, entry) };
      entry.responseBytes = Buffer.byteLength(given.body);
      end();
      return given;
    } catch (error) {
      end();
      if (error instanceof ConnectionReset) throw error;
      const refused = answerError(error);
      entry.status = refused.status;
      entry.responseBytes = Buffer.byteLength(refused.body as string);
      return refused;
    }
  };
}

async function respond(
  parts: AnsweringParts,
  { call, attributes, user, entry, end }: Asked,
): Promise<Answer> {
  const { core, faults, partitions, presence, actor } = parts;
  const facts = { ...attributes, user: entry.user };
  const effects = faults.strike(facts);
  await sufferBefore(effects, call.signal, core.timers);
  if (presence.isAway || partitions.isParted(entry.user)) throw new ConnectionReset();
  if (!user) throw unauthorized();
  if (Buffer.byteLength(call.body) > bodyBytesMax) throw bodyTooLarge(bodyBytesMax);
  let opened: Watch | undefined;
  const onWatch = (watch: Watch) => {
    opened = watch;
    const forget = partitions.onPart(entry.user, () => watch.cut());
    watch.onEnd = () => {
      forget();
      end();
    };
  };
  const asked = core.checksAccess ? impersonated(core, user, call.headers) : user;
  const watchDelayMs = () => faults.watchDelayMs(facts);
  const request = { call, user: asked, attributes, onWatch, watchDelayMs };
  const given = await actor.as(user.name, () => handle(core, request));
  // A server that went away while it worked has done the work, and cannot say so.
  if (presence.isAway || effects.includes("reset-after")) {
    opened?.cut();
    throw new ConnectionReset();
  }
  if (effects.includes("cut-watch")) opened?.cutAtNextEvent();
  return given;
}

/** The answer, unless the client is cut off before it comes: then the work may be done, and nobody learns of it. */
function unlessParted<T>(partitions: Partitions, user: string, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const forget = partitions.onPart(user, () => reject(new ConnectionReset()));
    work.then(resolve, reject).finally(forget);
  });
}

function openEntry(call: Call, attributes: Attributes, now: number, user: string): LedgerEntry {
  const { verb, group, resource, subresource, namespace, name, path } = attributes;
  return {
    start: now,
    user,
    verb,
    group,
    resource,
    subresource,
    namespace,
    name,
    path,
    status: 0,
    isDryRun: call.query.has("dryRun"),
    requestBytes: Buffer.byteLength(call.body),
    responseBytes: 0,
    durationMs: undefined,
  };
}

async function* counted(body: AsyncIterable<string>, entry: LedgerEntry): AsyncIterable<string> {
  for await (const chunk of body) {
    entry.responseBytes += Buffer.byteLength(chunk);
    yield chunk;
  }
}
