/** The course of events if nothing but the daemons changed the cluster. Times are RFC 3339, UTC. */
export interface Forecast {
  from: string;
  until: string;
  nodes: readonly NodeForecast[];
  /** In which nodes may start, in order; none where they may always. */
  windows: readonly ForecastWindow[];
  blackouts: readonly ForecastWindow[];
  /** Sentences. */
  assumptions: readonly string[];
}

export interface NodeForecast {
  node: string;
  /** It needs a reboot, or is about to have one. */
  isNeeded: boolean;
  /** When it takes its slot, and when the slot is free again; undefined where that is not before the end. */
  startsAt?: string;
  endsAt?: string;
  /** Nodes of one priority go by lot, so it may also start at any time between these. */
  lot?: { earliest: string; latest: string };
  /** Sentences: what it waits for. */
  why: readonly string[];
}

/** `of`: the daemons to which it applies, where there are several kinds. */
export interface ForecastWindow {
  opensAt: string;
  closesAt: string;
  of?: string;
}
