/** Keeps the silences of this node in Alertmanager as the cycle needs them, beside the loop. */
import { type JsonServer, serverText } from "../prometheus/server.ts";
import { backoffMs } from "../time/backoff.ts";
import { createBucket } from "../time/bucket.ts";
import type { Random } from "../time/clock.ts";
import { createWake } from "../time/wake.ts";
import { listSilences, saveSilence } from "./alertmanager.ts";
import { type Matcher, matchersFor } from "./matchers.ts";
import { type Cycle, lengthMs, ownSilences, planSilence } from "./plan.ts";

/** Outcomes of requests that change a silence; `failed` is that of any request. */
export const silenceOutcomes = ["created", "extended", "ended", "failed"] as const;
export type SilenceOutcome = (typeof silenceOutcomes)[number];

/** The present step of the cycle, as far as silences depend on it. */
export interface CycleNow extends Cycle {
  /** Each new step extends the silences. */
  step: string;
}

export interface SilencePorts {
  server: JsonServer;
  nodeName: string;
  /** Each list is one silence; with the placeholder for the name. */
  silences: readonly (readonly Matcher[])[];
  random: Random;
  onOutcome: (outcome: SilenceOutcome) => void;
  /** Called for the first failure, and again for the first one after a success. */
  onFailure: (error: unknown) => void;
  onRecovery: () => void;
}

export interface Silences {
  /**
   * Called again and again; returns at once. Undefined outside a cycle: what is there then is ended, once. So a
   * process that has just started ends what the one before has left, and shows whether Alertmanager answers.
   */
  follow(cycle: CycleNow | undefined): void;
  /** The number of silences in effect, as far as this process knows. */
  activeCount(): number;
}

const backoff = { firstMs: 10_000, maxMs: 5 * 60_000 };
/** Looks at all silences; a cycle has a handful. A node that goes from step to step without end makes no more. */
const looks = { burst: 10, refillMs: 60_000 };
/** One look makes a request for each change. Of more there are none, unless somebody copies silences. */
const stepsMax = 5;
const leastPauseMs = 1000;
/** Replicas of Alertmanager tell each other of a new silence within seconds. Later it is lost. */
const unlistedMs = 60_000;

export function createSilences(ports: SilencePorts, signal: AbortSignal): Silences {
  const { clock } = ports.server;
  const lists = ports.silences.map((matchers) => matchersFor(matchers, ports.nodeName));
  /** When each ends, by `clock.elapsed()`. */
  const ends = lists.map(() => 0);
  /** The last one that was created; when, by `clock.elapsed()`. */
  const created: ({ id: string; at: number } | undefined)[] = [];
  const wake = createWake(clock);
  const mayLook = createBucket(clock, looks);
  let wanted: CycleNow | undefined;
  let endsSince = 0;
  let isRunning = false;
  let isFollowed = false;

  /** Makes each silence what it is to be. Answers when to look again; rejects with the first failure. */
  async function keep(): Promise<number> {
    const pauses: number[] = [lengthMs];
    const errors: unknown[] = [];
    for (const [index, matchers] of lists.entries()) {
      try {
        const { endsInMs, lookInMs } = await keepOne(index, matchers);
        ends[index] = clock.elapsed() + endsInMs;
        pauses.push(Math.max(leastPauseMs, lookInMs));
      } catch (error) {
        signal.throwIfAborted();
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
    return Math.min(...pauses);
  }

  async function keepOne(index: number, matchers: readonly Matcher[]) {
    const { server, nodeName } = ports;
    const { silences, now } = await listSilences(server, matchers, signal);
    const own = ownSilences(silences, nodeName, matchers);
    const { steps, endsAt, lookAt } = planSilence(wanted, own, nodeName, now);
    const made = created[index];
    const isFresh = made !== undefined && clock.elapsed() - made.at < unlistedMs;
    if (isFresh && silences.every(({ id }) => id !== made.id))
      throw new Error(`${serverText(server)} does not list the silence that it has created`);
    for (const step of steps.slice(0, stepsMax)) {
      const id = await saveSilence(server, matchers, step, signal);
      ports.onOutcome(step.outcome);
      if (step.outcome === "created") created[index] = { id, at: clock.elapsed() };
    }
    return { endsInMs: endsAt - now, lookInMs: lookAt === undefined ? lengthMs : lookAt - now };
  }

  /** After so long without a cycle every silence has run out. */
  const isAllOver = () => wanted === undefined && clock.elapsed() - endsSince >= lengthMs;

  async function run(): Promise<void> {
    isRunning = true;
    let failures = 0;
    while (!signal.aborted && !isAllOver()) {
      if (!mayLook()) {
        await clock.sleep(looks.refillMs, signal).catch(() => {});
        continue;
      }
      let pauseMs: number;
      const asked = wanted;
      try {
        pauseMs = await keep();
        if (failures > 0) ports.onRecovery();
        failures = 0;
        if (asked === undefined && wanted === undefined) break;
      } catch (error) {
        if (signal.aborted) break;
        failures += 1;
        ports.onOutcome("failed");
        if (failures === 1) ports.onFailure(error);
        pauseMs = backoffMs(failures, backoff, ports.random);
      }
      await wake.wait(pauseMs, signal);
    }
    // In the same step as the last look at what is wanted.
    isRunning = false;
  }

  return {
    follow(cycle) {
      const isNews = cycle?.id !== wanted?.id || cycle?.step !== wanted?.step;
      if (isFollowed && !isNews) return;
      isFollowed = true;
      wanted = cycle;
      if (cycle === undefined) endsSince = clock.elapsed();
      if (isRunning) wake.ring();
      else void run();
    },
    activeCount: () => ends.filter((end) => end > clock.elapsed()).length,
  };
}
