import type { Api } from "../../../daemon/cluster/api.ts";
import type { Clock, Random } from "../../../daemon/time/clock.ts";

/** All that a client of the API needs from outside, so that virtual time and seeded chance can drive it. */
export interface Ports {
  api: Api;
  clock: Clock;
  random: Random;
  signal: AbortSignal;
}
