import assert from "node:assert/strict";
import * as fc from "fast-check";
import { parseSettings, type RawOptions } from "../../daemon/config/settings.ts";
import type { Gate, GateAnswer, Stage } from "../../daemon/gates/gate.ts";
import { windowGate } from "../../daemon/gates/window.ts";
import { ConfigError } from "../../daemon/text/config-error.ts";
import { context } from "./builders.ts";
import { day, type ModelSchedule, modelCodes, schedules } from "./window-model.ts";

const { signal } = new AbortController();
const minuteMs = 60_000;

/** What windows are asked to be, and what a cycle takes in minutes. */
export interface Wishes {
  schedule: ModelSchedule;
  margin: number | undefined;
  drainTimeout: number;
  lastDrain: number | undefined;
  stage: Stage;
}

const upTo = (minutes: number) => fc.integer({ min: 1, max: minutes });

export const wishes = (zone: string, from: number, to: number): fc.Arbitrary<Wishes> =>
  fc.record({
    schedule: schedules(zone, from, to),
    margin: fc.option(fc.oneof(fc.constant(0), upTo(90)), { nil: undefined }),
    drainTimeout: upTo(240),
    lastDrain: fc.option(upTo(60), { nil: undefined }),
    stage: fc.constantFrom<Stage>("start", "start", "drain"),
  });

/**
 * Asks the gate, goes to the moment at which it says that its answer changes, and asks again; in between the model must say
 * the same in each minute, and something else at that moment. Answers with the number of changes, which is undefined where
 * the options are refused because of the margin.
 */
export async function follow(wishes: Wishes, from: number, to: number): Promise<number | undefined> {
  const gate = gateOf(wishes);
  if (gate === undefined) return undefined;
  const codes = modelCodes(wishes.schedule, (minutes) => neededOf(wishes, minutes), from, to);
  // How long an opening is shows only where both its ends do.
  const isShut = (code: string | undefined) => code === "outside" || code === "blackout";
  const first = codes.findIndex(isShut);
  const last = codes.findLastIndex(isShut);
  let changes = 0;
  for (let minute = first === -1 ? codes.length : first; minute < last; changes += 1) {
    const now = (from + minute) * minuteMs;
    const answer: GateAnswer = await gate.check(
      context(now, {
        stage: wishes.stage,
        lastDrainMs: wishes.lastDrain === undefined ? undefined : wishes.lastDrain * minuteMs,
      }),
      signal,
    );
    const code: string = answer.open ? "open" : answer.code;
    const { changesAt = now + day * minuteMs } = answer;
    const next = Math.min(Math.ceil(changesAt / minuteMs) - from, last);
    assert.ok(next > minute, `${at(minute)}: changes at once`);
    for (; minute < next; minute += 1) {
      if (code !== codes[minute]) assert.equal(code, codes[minute], at(minute));
    }
    if (answer.changesAt !== undefined && next < last) assert.notEqual(code, codes[next], at(next));
  }
  return changes;

  function at(minute: number): string {
    return new Date((from + minute) * minuteMs).toISOString();
  }
}

function neededOf({ margin, drainTimeout, lastDrain, stage }: Wishes, minutes: number): number {
  if (stage !== "start") return 0;
  return margin ?? Math.min(drainTimeout, (lastDrain ?? Number.POSITIVE_INFINITY) * 1.5, minutes / 2);
}

/** Undefined where the margin is refused. */
function gateOf({ schedule, margin, drainTimeout }: Wishes): Gate | undefined {
  const { zone, windows, kured, blackouts } = schedule;
  const date = (day: number) => new Date(day * 86_400_000).toISOString().slice(0, 10);
  const options: RawOptions = {
    "node-id": "n1",
    "time-zone": zone,
    window: windows.map(({ text }) => text),
    blackout: blackouts.map(([first, last]) => `${date(first)}..${date(last)}`),
    "drain-timeout": `${drainTimeout}m`,
    ...(kured && { "reboot-days": kured.days, "start-time": kured.start, "end-time": kured.end }),
    ...(margin !== undefined && { "window-margin": `${margin}m` }),
  };
  try {
    return windowGate(parseSettings(options).window);
  } catch (error) {
    if (error instanceof ConfigError && error.message.includes(" for --window-margin: ")) return undefined;
    throw error;
  }
}
