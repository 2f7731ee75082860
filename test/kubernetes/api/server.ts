/**
 * A simulated Kubernetes API server. It answers as kube-apiserver 1.36 does, in memory (`transport`) or on loopback
 * (`listen`). It has no controllers, no scheduler and no kubelets: those are clients.
 */
import type { Transport } from "../../../daemon/cluster/transport.ts";
import { type Answer, answerError } from "./answer.ts";
import { createAuthenticator, defaultAudience, type User } from "./authn.ts";
import { createAuthorizer } from "./authz.ts";
import { bootstrap } from "./bootstrap.ts";
import type { Core } from "./core.ts";
import { ConnectionReset } from "./event-queue.ts";
import { sufferBefore } from "./fault-effects.ts";
import { createFaults, type Faults } from "./faults.ts";
import { handle } from "./handler.ts";
import { impersonated } from "./impersonation.ts";
import { createLedger, type Ledger, type LedgerEntry } from "./ledger.ts";
import { memoryTransport } from "./memory-transport.ts";
import type { KubeObject } from "./object.ts";
import { createPartitions, type PartitionHandle } from "./partitions.ts";
import { createRegistry } from "./registry.ts";
import { type Attributes, attributesOf, type Call } from "./request.ts";
import { resourceOf } from "./resources.ts";
import { bodyTooLarge, notFound, unauthorized } from "./status.ts";
import { type Change, Store } from "./store.ts";
import { type Random, systemTimers, type Timers } from "./timing.ts";
import { createWatchHub } from "./watch-hub.ts";
import type { Watch } from "./watcher.ts";

export type { User } from "./authn.ts";
export type { Fault, FaultEffect, FaultHandle, FaultMatch, Faults, RequestFacts } from "./faults.ts";
export { type Kubeconfig, kubeconfig, type Listening, listen } from "./https.ts";
export type { Ledger, LedgerEntry, LedgerFilter } from "./ledger.ts";
export type { PartitionHandle } from "./partitions.ts";
export type { Random, Timers } from "./timing.ts";

/** Who has made the changes of a restore, to those that listen. */
export const restorer = "system:etcd-restore";

/** The limit of the real server for a request. */
const bodyBytesMax = 3 * 1024 * 1024;

export interface ApiServerOptions {
  /** Time and timers; the real ones by default. */
  timers?: Timers;
  /** Chance for uids, names, tokens and faults; Math.random by default. */
  random?: Random;
  /** "rbac" (default) obeys the roles that are stored; "always-allow" lets every known user do everything. */
  authorization?: "rbac" | "always-allow";
  /** How many changes of each resource are remembered for watches and old versions (10,000). */
  historyMax?: number;
  /** How many events a watch may hold for a client that does not read (1,000). Beyond it the watch ends. */
  watchQueueMax?: number;
  /** How often a quiet watch gets a bookmark (a minute). */
  bookmarkIntervalMs?: number;
  /** How many requests the ledger holds (20,000). */
  ledgerMax?: number;
}

export interface ApiServer {
  /** A token of an administrator, in the group system:masters. */
  readonly adminToken: string;
  /** A token without end for any user, such as a kubelet: `{ name: "system:node:a", groups: ["system:nodes"] }`. */
  addUser(user: User): string;
  /** A token of an existing service account, as a TokenRequest gives one (valid for an hour unless told otherwise). */
  serviceAccountToken(namespace: string, name: string, options?: TokenOptions): string;
  /** The server in memory, for the bearer of `token`; undefined has no credentials. */
  transport(token: string | undefined): Transport;
  readonly faults: Faults;
  readonly ledger: Ledger;
  /** Away, it refuses connections and breaks those that are open. */
  setAway(away: boolean): void;
  readonly away: boolean;
  /** Cuts one user off: all its requests fail, what it has open breaks, until that is healed. */
  partition(user: string): PartitionHandle;
  /** Breaks all open watches now. */
  cutWatches(): void;
  readonly openWatches: number;
  /** Forgets the history: watches and lists of older versions get a 410. */
  compact(): void;
  /** The newest resourceVersion. */
  readonly resourceVersion: string;
  /** The newest version of one resource, which is lower than that once the resource was restored. */
  versionOf(resource: string): number;
  /**
   * Puts these resources back to how they were at these versions, as a restore of etcd does: watches break, versions go on
   * from there, and a watch that is resumed at a version from the future stays silent until it is reached.
   */
  restore(versions: Readonly<Record<string, number>>): void;
  /** Calls `listener` with each change of a resource as it is stored, and who has made it ("" for the server itself). */
  onChange(resource: string, listener: (change: Change, user: string) => void): void;
  /** The object as it is stored; `key` is "namespace/name", or the name alone. */
  stored(resource: string, key: string): KubeObject | undefined;
  /** All objects of a resource, as they are stored. */
  storedAll(resource: string): readonly KubeObject[];
  /** Answers one request. Rejects with ConnectionReset where no answer comes. For transports. */
  answer(call: Call, token: string | undefined): Promise<Answer>;
  /** Calls `listener` whenever the server goes away; returns how to end that. For transports. */
  onAway(listener: () => void): () => void;
}

export interface TokenOptions {
  /** Name of the pod, in the same namespace, with which the token ends. */
  pod?: string;
  expirationSeconds?: number;
}

export function createApiServer(options: ApiServerOptions = {}): ApiServer {
  const { timers = systemTimers, random = Math.random, authorization = "rbac" } = options;
  const store = new Store(options.historyMax ?? 10_000);
  const registry = createRegistry(store, timers, random);
  const watches = createWatchHub(store, timers, random, {
    queueMax: options.watchQueueMax ?? 1000,
    bookmarkIntervalMs: options.bookmarkIntervalMs ?? 60_000,
  });
  const authenticator = createAuthenticator(store, timers, random);
  const authorizer = createAuthorizer(store);
  const checksAccess = authorization === "rbac";
  const core: Core = { store, registry, watches, authenticator, authorizer, checksAccess, timers, random };
  const faults = createFaults(random);
  const ledger = createLedger(options.ledgerMax ?? 20_000);
  const partitions = createPartitions();
  const awayListeners = new Set<() => void>();
  let away = false;
  /** Whose request is being handled: what it changes is changed before its handler waits for anything. */
  let acting = "";
  bootstrap(registry);
  const adminToken = authenticator.addUser({ name: "kubernetes-admin", groups: ["system:masters"] });

  async function answer(call: Call, token: string | undefined): Promise<Answer> {
    if (away) throw new ConnectionReset();
    const user = token ? authenticator.authenticate(token) : undefined;
    const attributes = attributesOf(call);
    const entry = openEntry(call, attributes, timers.now(), user?.name ?? "");
    if (partitions.isParted(entry.user)) throw new ConnectionReset();
    ledger.record(entry);
    const end = () => {
      entry.durationMs ??= timers.now() - entry.start;
    };
    try {
      const given = await unlessParted(entry.user, respond(call, attributes, user, entry, end));
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
  }

  async function respond(
    call: Call,
    attributes: Attributes,
    user: User | undefined,
    entry: LedgerEntry,
    end: () => void,
  ): Promise<Answer> {
    const facts = { ...attributes, user: entry.user };
    const effects = faults.strike(facts);
    await sufferBefore(effects, call.signal, timers);
    if (away || partitions.isParted(entry.user)) throw new ConnectionReset();
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
    const asked = checksAccess ? impersonated(core, user, call.headers) : user;
    const watchDelayMs = () => faults.watchDelayMs(facts);
    const request = { call, user: asked, attributes, onWatch, watchDelayMs };
    acting = user.name;
    const handled = handle(core, request);
    acting = "";
    const given = await handled;
    // A server that went away while it worked has done the work, and cannot say so.
    if (away || effects.includes("reset-after")) {
      opened?.cut();
      throw new ConnectionReset();
    }
    if (effects.includes("cut-watch")) opened?.cutAtNextEvent();
    return given;
  }

  /** The answer, unless the client is cut off before it comes: then the work may be done, and nobody learns of it. */
  function unlessParted<T>(user: string, work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const forget = partitions.onPart(user, () => reject(new ConnectionReset()));
      work.then(resolve, reject).finally(forget);
    });
  }

  function onAway(listener: () => void): () => void {
    awayListeners.add(listener);
    return () => awayListeners.delete(listener);
  }

  return {
    adminToken,
    addUser: (user) => authenticator.addUser(user),
    serviceAccountToken(namespace, name, { pod, expirationSeconds = 3600 } = {}) {
      const account = store.get("serviceaccounts", `${namespace}/${name}`);
      if (!account) throw notFound({ group: "", resource: "serviceaccounts" }, name);
      const bound = pod === undefined ? undefined : store.get("pods", `${namespace}/${pod}`);
      if (pod !== undefined && !bound) throw notFound({ group: "", resource: "pods" }, pod);
      const audiences = [defaultAudience];
      return authenticator.issue({ namespace, account, audiences, expirationSeconds, pod: bound }).token;
    },
    transport: (token) => memoryTransport({ answer, onAway, now: timers.now }, token),
    faults,
    ledger,
    setAway(next) {
      away = next;
      if (!away) return;
      watches.cutAll();
      for (const listener of awayListeners) listener();
    },
    partition: (user) => partitions.part(user),
    get away() {
      return away;
    },
    cutWatches: () => watches.cutAll(),
    get openWatches() {
      return watches.size;
    },
    compact: () => store.compact(),
    get resourceVersion() {
      return String(store.version);
    },
    versionOf: (resource) => store.versionOf(resourceOf(resource).store),
    restore(versions) {
      watches.cutAll();
      acting = restorer;
      for (const [resource, version] of Object.entries(versions)) {
        store.restore(resourceOf(resource).store, version);
      }
      acting = "";
    },
    onChange: (resource, listener) =>
      void store.subscribe(resourceOf(resource).store, (change) => listener(change, acting)),
    stored: (resource, key) => store.get(resourceOf(resource).store, key),
    storedAll: (resource) => store.list(resourceOf(resource).store).map(([, object]) => object),
    answer,
    onAway,
  };
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
