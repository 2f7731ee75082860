import { linked } from "../time/linked.ts";
import type { Access } from "./access.ts";
import type { Fleet } from "./fleet.ts";
import { watchFleet } from "./watch-fleet.ts";

export interface LiveView {
  /** Called with each change, and every `everyMs` for the ages in it. `trouble`: changes may be missed. */
  onDraw: (fleet: Fleet, trouble: string | undefined) => void;
  everyMs?: number;
  labelSelector?: string | undefined;
}

/** Follows a fleet until the signal ends it. Rejects with a failure before the first look, and with errors of `onDraw`. */
export async function runLiveView(
  access: Access,
  { onDraw, everyMs, labelSelector }: LiveView,
  signal: AbortSignal,
): Promise<void> {
  const ended = linked(signal);
  const failed = Promise.withResolvers<never>();
  let fleet: Fleet | undefined;
  let trouble: string | undefined;
  const draw = () => {
    try {
      if (fleet !== undefined) onDraw(fleet, trouble);
    } catch (error) {
      failed.reject(error);
    }
  };
  const viewer = {
    labelSelector,
    onChange(changed: Fleet) {
      fleet = changed;
      draw();
    },
    onTrouble(text: string | undefined) {
      trouble = text;
      draw();
    },
  };
  const watching = watchFleet(access, viewer, ended.signal);
  const ticking = tick();
  try {
    await Promise.race([watching, failed.promise]);
  } finally {
    ended.end();
    await Promise.allSettled([watching, ticking]);
  }

  async function tick(): Promise<void> {
    while (everyMs !== undefined && !ended.signal.aborted) {
      await access.clock.sleep(everyMs, ended.signal).catch(() => {});
      if (!ended.signal.aborted) draw();
    }
  }
}
