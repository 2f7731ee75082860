import type { Api } from "../../daemon/cluster/api.ts";
import { createClient } from "../../daemon/cluster/client.ts";
import {
  type ApiServer,
  type ApiServerOptions,
  createApiServer,
  type RequestFacts,
} from "../kubernetes/api/server.ts";
import type { Ports } from "../kubernetes/controllers/ports.ts";
import { createVirtualTime, type VirtualTime } from "../kubernetes/virtual-time.ts";
import type { MachineClock } from "./machine-clock.ts";
import { pausedWith } from "./paused-transport.ts";
import { seeded } from "./seeded.ts";

export interface VirtualServerOptions extends Pick<ApiServerOptions, "authorization"> {
  /** A minute, without it. */
  bookmarkIntervalMs?: number | undefined;
  seed: number | undefined;
}

/** The API server in virtual time, its administrator, and the ports of everybody else. */
export interface VirtualServer {
  readonly time: VirtualTime;
  readonly server: ApiServer;
  readonly api: Api;
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Of a new user with all rights; on a machine, its power is the signal, and its clock the one to go by. */
  portsFor(name: string, signal?: AbortSignal, clock?: MachineClock): Ports;
  stop(): Promise<void>;
}

const noon = Date.parse("2026-11-24T12:00:00Z");

export function startVirtualServer({
  seed = 1,
  bookmarkIntervalMs,
  ...settings
}: VirtualServerOptions): VirtualServer {
  const random = seeded(seed);
  const time = createVirtualTime(noon);
  const end = new AbortController();
  const { signal } = end;
  const server = createApiServer({
    timers: time.timers,
    random,
    ...settings,
    ...(bookmarkIntervalMs && { bookmarkIntervalMs }),
  });
  // Where answers took no time, a loop of several parties could go round for ever in one moment. The test's own client,
  // for whom time stands still, is answered at once.
  const isAnsweredLate = ({ user }: RequestFacts) => user !== "kubernetes-admin";
  server.faults.add({ match: { where: isAnsweredLate }, effect: { latencyMs: 1 } });
  return {
    time,
    server,
    api: createClient({ transport: server.transport(server.adminToken), clock: time.clock }),
    random,
    signal,
    portsFor(name, inner = signal, own = undefined) {
      const transport = server.transport(server.addUser({ name, groups: ["system:masters"] }));
      const clock = own ?? time.clock;
      const api = createClient({ transport: own ? pausedWith(own, transport) : transport, clock });
      return { api, clock, random, signal: inner };
    },
    async stop() {
      end.abort(new Error("the world has ended"));
      await time.pass(0);
    },
  };
}
