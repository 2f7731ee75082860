import type { Policy } from "../cycle/decision.ts";
import { isPassed, together } from "../gates/evaluate.ts";
import type { ForeseenGate, GateAnswers, GateContext } from "../gates/gate.ts";
import { pausedGate } from "../gates/paused.ts";
import type { Closed } from "../gates/reasons.ts";
import { windowGate } from "../gates/window.ts";
import { concurrencyOf, type Limits } from "../lock/limits.ts";
import { type Calendar, createOpenings } from "../schedule/openings.ts";
import { rememberOpenings } from "../schedule/remembered.ts";
import type { ForecastDaemon } from "./input.ts";

/** The daemons of one kind, with limits as numbers. */
export interface VirtualDaemon extends Pick<ForecastDaemon, "name"> {
  /** Looks at nothing again by time alone: in virtual time all is seen as it happens. */
  policy: Policy;
  calendar: Calendar;
  gates: readonly ForeseenGate[];
  limits: Limits;
  haltAfter: ForecastDaemon["lock"]["haltAfter"];
  ttlMs: number;
}

export function virtualDaemon(
  { name, policy, window, lock }: ForecastDaemon,
  clusterSize: number,
): VirtualDaemon {
  const { concurrency, maxUnavailable, maxPerZone, maxPerPool, poolLabel, minIntervalMs, haltAfter, ttlMs } =
    lock;
  const calendar = rememberOpenings(createOpenings(window));
  return {
    name,
    policy: { ...policy, gateRecheckMs: Number.POSITIVE_INFINITY },
    calendar,
    gates: [pausedGate, windowGate(window, calendar)],
    limits: {
      concurrency: concurrencyOf(concurrency, clusterSize),
      maxPerZone,
      maxPerPool,
      poolLabel,
      maxUnavailable: maxUnavailable && concurrencyOf(maxUnavailable, clusterSize),
      minIntervalMs,
    },
    haltAfter,
    ttlMs,
  };
}

/** The answers of the gates that are known ahead, with those that stay closed at the start of a cycle. */
export function answersAt(
  { gates }: VirtualDaemon,
  closed: readonly Closed[],
  context: GateContext,
  urgent: boolean,
): GateAnswers {
  const { stage } = context;
  const asked = gates.filter((gate) => gate.stages.includes(stage) && !isPassed(gate, { urgent }));
  const answers = together(asked.map((gate) => [gate, gate.answer(context)] as const));
  const isStart = stage === "start" || stage === "slot";
  return isStart ? { ...answers, closed: [...answers.closed, ...closed] } : answers;
}
