import type { Api } from "../../daemon/cluster/api.ts";
import { createClient } from "../../daemon/cluster/client.ts";
import type { Clock } from "../../daemon/time/clock.ts";
import {
  type ApiServer,
  type ApiServerOptions,
  createApiServer,
  kubeconfig,
  type Listening,
  listen,
} from "./api/server.ts";

/** An API server as the world needs it; the simulated one, or a real one somewhere else. */
export interface ClusterServer {
  /** A client that is this user. */
  apiFor(user: ClusterUser): Api;
  /** The text of a kubeconfig with this user's credentials. */
  kubeconfigFor(user: ClusterUser): Promise<string>;
  /** Whether such a user's `extra` counts, as that of a token which was made for a pod. */
  bindsTokens: boolean;
  /** May be called again. */
  stop(): Promise<void>;
}

export interface ClusterUser {
  name: string;
  groups: readonly string[];
  extra?: Record<string, string[]>;
}

export const administrator: ClusterUser = { name: "cluster-admin", groups: ["system:masters"] };

export interface SimulatedServer extends ClusterServer {
  /** For faults and the ledger. */
  api: ApiServer;
  url: string;
}

/**
 * The simulated server on loopback, for processes and kubectl; clients of this process talk to it in memory. Each user
 * has one token, so that ledger and faults can tell them apart.
 */
export async function startSimulatedServer(
  clock: Clock,
  options: ApiServerOptions & { port?: number } = {},
): Promise<SimulatedServer> {
  const { port = 0, ...rest } = options;
  const api = createApiServer(rest);
  const listening: Listening = await listen(api, { port });
  const tokens = new Map<string, string>();
  let stopped: Promise<void> | undefined;

  function tokenOf({ name, groups, extra }: ClusterUser): string {
    const key = JSON.stringify([name, extra]);
    const token = tokens.get(key) ?? api.addUser({ name, groups: [...groups], ...(extra && { extra }) });
    tokens.set(key, token);
    return token;
  }

  return {
    api,
    url: listening.url,
    bindsTokens: true,
    apiFor: (user) => createClient({ transport: api.transport(tokenOf(user)), clock }),
    kubeconfigFor: async (user) => kubeconfig({ ...listening, token: tokenOf(user), user: user.name }),
    stop: () => {
      stopped ??= listening.close();
      return stopped;
    },
  };
}
