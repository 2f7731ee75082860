/** The parts of one server that its handlers share. */
import type { Authenticator, User } from "./authn.ts";
import type { Authorizer } from "./authz.ts";
import type { Registry } from "./registry.ts";
import type { Attributes, Call } from "./request.ts";
import type { Resource } from "./resource.ts";
import type { Store } from "./store.ts";
import type { Random, Timers } from "./timing.ts";
import type { WatchHub } from "./watch-hub.ts";
import type { Watch } from "./watcher.ts";

export interface Core {
  store: Store;
  registry: Registry;
  watches: WatchHub;
  authenticator: Authenticator;
  authorizer: Authorizer;
  /** Whether roles count; without, every known user may do everything. */
  checksAccess: boolean;
  timers: Timers;
  random: Random;
}

/** A request whose sender and subject are known. */
export interface Request {
  call: Call;
  user: User;
  attributes: Attributes;
  /** Told of the watch that answers the request. */
  onWatch: (watch: Watch) => void;
  /** How late the next event of that watch comes. */
  watchDelayMs: () => number;
}

/** A request for a resource of the table. */
export interface ResourceRequest extends Request {
  resource: Resource;
}

export const namespaceOf = ({ resource, attributes }: ResourceRequest) =>
  resource.namespaced ? attributes.namespace || undefined : undefined;
