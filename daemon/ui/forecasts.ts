import type { Access } from "../cli/access.ts";
import { readForecastInput } from "../cli/forecast-input.ts";
import { forecast } from "../forecast/forecast.ts";
import { icalendar } from "../forecast/icalendar.ts";
import { daysDefault } from "../forecast/input.ts";
import type { Forecast } from "../forecast/result.ts";
import type { ForecastMessage } from "./wire.ts";

/** A forecast of a large cluster takes the processor for seconds, and pages ask for it as often as they like. */
const keptMs = 30_000;

/** The forecast of the cluster as `rebootd forecast` makes it, as data and as iCalendar; made anew after 30 s. */
export function createForecasts(access: Access) {
  let last: { at: number; wall: number; found: Forecast } | undefined;

  async function latest(signal: AbortSignal) {
    const { clock } = access;
    if (last !== undefined && clock.elapsed() - last.at < keptMs) return last;
    const input = await readForecastInput(access, signal);
    const found = forecast(input, { from: input.at, days: daysDefault });
    last = { at: clock.elapsed(), wall: input.at, found };
    return last;
  }

  return {
    async forecast(signal: AbortSignal): Promise<ForecastMessage> {
      const { found } = await latest(signal);
      return {
        ...found,
        nodes: found.nodes.map((one) => ({ ...one, why: [...one.why] })),
        windows: [...found.windows],
        blackouts: [...found.blackouts],
        assumptions: [...found.assumptions],
      };
    },
    async calendar(signal: AbortSignal): Promise<string> {
      const { found, wall } = await latest(signal);
      return icalendar(found, wall);
    },
  };
}
