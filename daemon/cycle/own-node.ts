import { brokenTrustMs } from "../cluster/belief.ts";
import { restartSpreadMs, watchObject } from "../cluster/informer.ts";
import { paths } from "../cluster/paths.ts";
import type { createCycle } from "./cycle.ts";
import type { CyclePorts } from "./ports.ts";

export interface OwnNodeListener {
  cycle: Pick<ReturnType<typeof createCycle>, "seeMetadata" | "distrust" | "isBetweenCycles">;
  /** Called when the Node is worth a look. */
  wake: () => void;
  /** Called when the watch works again. */
  mended: () => void;
}

/** The pauses between two reads of the own Node, for a daemon without the right to watch it. */
const cyclePauses = { firstMs: 2000, maxMs: 60_000 };
const restMaxMs = 60 * 60_000;

/**
 * Watches the own Node until the signal ends it; without the right to do so, reads it now and then: rarely
 * between cycles, where nothing but the requests of people is new.
 */
export function watchOwnNode(
  ports: Pick<CyclePorts, "api" | "clock" | "random" | "nodeName" | "periodMs" | "report" | "mended">,
  { cycle, wake, mended }: OwnNodeListener,
  signal: AbortSignal,
): { isPolled: () => boolean } {
  const { clock, random, report, nodeName, periodMs } = ports;
  const restMs = Math.min(Math.max(periodMs, cyclePauses.maxMs), restMaxMs);
  const restPauses = { firstMs: restMs, maxMs: restMs };
  let isPolled = false;
  let isDistrusting = false;

  async function distrustLater(): Promise<void> {
    if (isDistrusting) return;
    isDistrusting = true;
    await clock.sleep(brokenTrustMs(random), signal).catch(() => {});
    isDistrusting = false;
    cycle.distrust();
    wake();
  }

  void watchObject(
    {
      ...ports,
      collection: paths.nodes,
      // Thousands of nodes that only wait for a need do not come back at the same moment.
      spreadMs: () => (cycle.isBetweenCycles() ? restartSpreadMs : 0),
      mended: (inner) => (cycle.isBetweenCycles() ? new Promise(() => {}) : ports.mended(inner)),
      name: nodeName,
      poll: {
        pauses: () => (cycle.isBetweenCycles() ? restPauses : cyclePauses),
        onRead() {
          isPolled = true;
        },
      },
      onChange(metadata) {
        if (cycle.seeMetadata(metadata)) wake();
      },
      onBreak(error) {
        report.failed("watching the own Node", error);
        void distrustLater();
      },
      onOpen() {
        isPolled = false;
      },
      onReopened: mended,
    },
    signal,
  );
  return { isPolled: () => isPolled };
}
