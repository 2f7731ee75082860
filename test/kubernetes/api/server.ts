/**
 * A simulated Kubernetes API server. It answers as kube-apiserver 1.36 does, in memory (`transport`) or on loopback
 * (`listen`). It has no controllers, no scheduler and no kubelets: those are clients.
 */
import type { Transport } from "../../../daemon/cluster/transport.ts";
import { createActor } from "./actor.ts";
import type { Answer } from "./answer.ts";
import { createAnswering } from "./answering.ts";
import { createAuthenticator, defaultAudience, type User } from "./authn.ts";
import { createAuthorizer } from "./authz.ts";
import { bootstrap } from "./bootstrap.ts";
import type { Core } from "./core.ts";
import { createFaults, type Faults } from "./faults.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { memoryTransport } from "./memory-transport.ts";
import type { KubeObject } from "./object.ts";
import { createPartitions, type PartitionHandle } from "./partitions.ts";
import { createPresence } from "./presence.ts";
import { createRegistry } from "./registry.ts";
import type { Call } from "./request.ts";
import { resourceOf } from "./resources.ts";
import { notFound } from "./status.ts";
import { type Change, Store } from "./store.ts";
import { type Random, systemTimers, type Timers } from "./timing.ts";
import { createWatchHub } from "./watch-hub.ts";

export type { User } from "./authn.ts";
export type { Fault, FaultEffect, FaultHandle, FaultMatch, Faults, RequestFacts } from "./faults.ts";
export { type Kubeconfig, kubeconfig, type Listening, listen } from "./https.ts";
export type { Ledger, LedgerEntry, LedgerFilter } from "./ledger.ts";
export type { PartitionHandle } from "./partitions.ts";
export type { Random, Timers } from "./timing.ts";

/** Who has made the changes of a restore, to those that listen. */
export const restorer = "system:etcd-restore";

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
  const presence = createPresence();
  const actor = createActor();
  bootstrap(registry);
  const adminToken = authenticator.addUser({ name: "kubernetes-admin", groups: ["system:masters"] });
  const answer = createAnswering({ core, faults, ledger, partitions, presence, actor });
  const storeOf = (resource: string) => resourceOf(resource).store;
  const { onAway } = presence;
  presence.onAway(() => watches.cutAll());

  return {
    adminToken,
    addUser: (user) => authenticator.addUser(user),
    serviceAccountToken: (namespace, name, options) => serviceAccountToken(core, namespace, name, options),
    transport: (token) => memoryTransport({ answer, onAway, now: timers.now }, token),
    faults,
    ledger,
    setAway: (away) => presence.setAway(away),
    partition: (user) => partitions.part(user),
    get away() {
      return presence.isAway;
    },
    cutWatches: () => watches.cutAll(),
    get openWatches() {
      return watches.size;
    },
    compact: () => store.compact(),
    get resourceVersion() {
      return String(store.version);
    },
    versionOf: (resource) => store.versionOf(storeOf(resource)),
    restore(versions) {
      watches.cutAll();
      actor.as(restorer, () => {
        for (const [resource, version] of Object.entries(versions)) store.restore(storeOf(resource), version);
      });
    },
    onChange: (resource, listener) =>
      void store.subscribe(storeOf(resource), (change) => listener(change, actor.name)),
    stored: (resource, key) => store.get(storeOf(resource), key),
    storedAll: (resource) => store.list(storeOf(resource)).map(([, object]) => object),
    answer,
    onAway,
  };
}

function serviceAccountToken(
  { store, authenticator }: Core,
  namespace: string,
  name: string,
  { pod, expirationSeconds = 3600 }: TokenOptions = {},
): string {
  const account = store.get("serviceaccounts", `${namespace}/${name}`);
  if (!account) throw notFound({ group: "", resource: "serviceaccounts" }, name);
  const bound = pod === undefined ? undefined : store.get("pods", `${namespace}/${pod}`);
  if (pod !== undefined && !bound) throw notFound({ group: "", resource: "pods" }, pod);
  const audiences = [defaultAudience];
  return authenticator.issue({ namespace, account, audiences, expirationSeconds, pod: bound }).token;
}
