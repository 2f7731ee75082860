import type { Violation } from "./promises.ts";

const minute = 60_000;
/** Outside of a drain: a cycle makes a few dozen requests in its busiest minute, and what has failed rests ever longer. */
const perMinuteMax = 150;
/** On average over ten minutes in which the node stays in one phase and evicts nothing; two daemons may be on it. */
const perMinuteLongMax = 20;
const longMinutes = 10;
/** A node whose cycles do not succeed rests ever longer between them. */
const cordonsPerHourMax = 8;

/** Requests per minute and cordons per hour stay bounded, whatever is broken. */
export function watchQuiet(now: () => number, onViolation: (violation: Violation) => void) {
  const nodes = new Map<string, ReturnType<typeof counted>>();
  const of = (name: string) => {
    const known = nodes.get(name) ?? counted(now());
    nodes.set(name, known);
    return known;
  };
  const since = (times: number[], ms: number) => {
    while ((times[0] ?? Number.POSITIVE_INFINITY) <= now() - ms) times.shift();
    return times.length;
  };

  return {
    onRequest(name: string, isEviction: boolean): void {
      const node = of(name);
      if (isEviction) node.busyAt = now();
      node.minute.push(now());
      node.long.push(now());
      const [inMinute, inLong] = [since(node.minute, minute), since(node.long, longMinutes * minute)];
      const isLong = now() - node.busyAt > longMinutes * minute;
      const isBusy = now() - node.drainedAt <= minute;
      if (inMinute > perMinuteMax && !isBusy && !node.isTold) {
        node.isTold = true;
        onViolation({ promise: "requests stay bounded", message: `${name} made ${inMinute} in a minute` });
      }
      if (inLong > perMinuteLongMax * longMinutes && isLong && !node.isTold) {
        node.isTold = true;
        const message = `${name} made ${inLong} in ten minutes in which nothing happened`;
        onViolation({ promise: "requests stay bounded", message });
      }
    },
    /** Something has happened to the node, or it drains. */
    onPhase(name: string, phase: string): void {
      of(name).busyAt = now();
      of(name).drainedAt = phase === "Draining" ? Number.POSITIVE_INFINITY : now();
    },
    onCordon(name: string): void {
      const { cordons } = of(name);
      cordons.push(now());
      const count = since(cordons, 60 * minute);
      if (count === cordonsPerHourMax + 1) {
        onViolation({
          promise: "cordons stay bounded",
          message: `${name} was cordoned ${count} times in an hour`,
        });
      }
    },
    /** A person asks for a cycle, so those before no longer count. */
    onRequested: (name: string) => void of(name).cordons.splice(0),
  };
}

function counted(now: number) {
  return {
    minute: [] as number[],
    long: [] as number[],
    cordons: [] as number[],
    busyAt: now,
    drainedAt: Number.NEGATIVE_INFINITY,
    isTold: false,
  };
}
