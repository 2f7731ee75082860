/** P12, bounded whatever breaks: how much a daemon asks of the server, and does to its Node. */
import type { Checker, Look } from "./checker.ts";
import { recordIn } from "./eyes.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** A drain asks once for each pod, and again for those that are refused. */
const perMinuteMax = 150;
/** Where nothing changes on the Node: a heartbeat every 20 s wakes the loop, each hand-over has a waiting member of the control plane list the others, and what is refused is tried a few times at first. */
const quietMs = 10 * minuteMs;
const quietPerMinuteMax = 16;
const cordonsPerHourMax = 8;
/** Of one controller, of which a storm has at most six pods on a node; a node that is begun anew soon evicts its pods again. */
const evictedPerMinuteMax = 15;

export function staysBounded({
  view,
  violate,
}: Pick<Look, "violate"> & { view: Pick<Look["view"], "now" | "daemonsOf"> }): Checker {
  const { now, daemonsOf } = view;
  const nodes = new Map<string, ReturnType<typeof figures>>();
  const of = (node: string) => {
    const known = nodes.get(node) ?? figures(now());
    nodes.set(node, known);
    return known;
  };

  return {
    onRequest(node, path) {
      const its = of(node);
      const time = now();
      if (path.includes("/eviction")) its.quietSince = time;
      its.requests.push(time);
      while ((its.requests[its.first] ?? time) < time - quietMs) its.first += 1;
      if (its.first > 5000) {
        its.requests.splice(0, its.first);
        its.first = 0;
      }
      const many = daemonsOf(node);
      const inTenMinutes = its.requests.length - its.first;
      // The last so many requests: were they all within the minute?
      const earliest = its.requests[its.requests.length - 1 - perMinuteMax * many];
      if (!its.isDraining && earliest !== undefined && earliest > Math.max(time - minuteMs, its.drainedAt)) {
        violate("requests stay bounded", `${node} has made ${perMinuteMax * many} requests within a minute`);
        its.requests = [];
        its.first = 0;
      } else if (
        time - its.quietSince >= quietMs &&
        inTenMinutes > (quietPerMinuteMax * many * quietMs) / minuteMs
      ) {
        violate(
          "requests stay bounded",
          `${node} has made ${inTenMinutes} requests in ten minutes in which nothing has changed`,
        );
        its.quietSince = time;
      }
    },
    onEviction(node, controller, pod) {
      const { evicted } = of(node);
      const its = evicted.get(controller) ?? new Map<string, number>();
      evicted.set(controller, its);
      for (const [other, time] of its) if (time < now() - minuteMs) its.delete(other);
      its.set(pod, now());
      if (its.size <= evictedPerMinuteMax) return;
      violate("evictions stay bounded", `${node} has evicted ${its.size} pods of one controller in a minute`);
      its.clear();
    },
    onNode({ name, writer, isRestored, object }) {
      const its = of(name);
      const { phase = "Idle" } = recordIn(object);
      if ((writer === undefined && !isRestored) || phase === its.phase) return;
      its.phase = phase;
      // The way to a reboot is over, however soon the next one is asked for.
      if (phase === "Returning") {
        its.cordons.pop();
        its.evicted.clear();
      }
      its.quietSince = now();
      if (its.isDraining) its.drainedAt = now();
      its.isDraining = phase === "Draining";
    },
    onCordoned(node, by) {
      if (by !== "daemon") return;
      const its = of(node);
      its.cordons = [...its.cordons.filter((time) => time > now() - hourMs), now()];
      if (its.cordons.length <= cordonsPerHourMax) return;
      violate("cordons stay bounded", `${node} was cordoned ${its.cordons.length} times within an hour`);
      its.cordons = [];
    },
  };
}

function figures(now: number) {
  return {
    /** Times; those before `first` are older than the longest look back. */
    requests: [] as number[],
    first: 0,
    cordons: [] as number[],
    /** By controller, the pods that were asked to go within the last minute, and when. */
    evicted: new Map<string, Map<string, number>>(),
    phase: "Idle",
    isDraining: false,
    drainedAt: Number.NEGATIVE_INFINITY,
    /** Since when neither the phase has changed nor a pod was evicted. */
    quietSince: now,
  };
}
