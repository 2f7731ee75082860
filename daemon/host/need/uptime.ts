import { createHash } from "node:crypto";
import type { Clock } from "../../time/clock.ts";
import { durationText } from "../../time/duration.ts";
import type { Host } from "../host.ts";
import { anyNeed } from "./any-need.ts";
import type { Need, NeedSource } from "./need.ts";

/** `--max-uptime`, in milliseconds; undefined for none. */
interface UptimeSettings {
  maxUptimeMs: number | undefined;
  nodeName: string;
  clock: Clock;
}

/**
 * The moments at which nodes are due lie in this last part of the time. A fleet that was started together would
 * come at once otherwise.
 */
const spreadShare = 0.2;

/** An uptime that cannot be read is asked for again after this time. */
const unreadableRetryMs = 60_000;

/**
 * The uptime after which this boot of this node is due: between 80 % and all of `maxMs`, never more. It depends on
 * the name and the boot ID alone, so that a daemon that starts again comes to the same. Pure.
 */
export function dueAfterMs(maxMs: number, nodeName: string, bootID: string): number {
  const digest = createHash("sha256").update(`${nodeName} ${bootID}`).digest();
  const share = digest.readUInt32BE(0) / 2 ** 32;
  return Math.floor(maxMs * (1 - spreadShare * share));
}

/** The need of the host, and with `--max-uptime` also that of a node that has been up for longer. */
export function withMaxUptime(
  { need, readBootID, uptimeSeconds }: Pick<Host, "need" | "readBootID" | "uptimeSeconds">,
  { maxUptimeMs, nodeName, clock }: UptimeSettings,
): NeedSource {
  if (maxUptimeMs === undefined || uptimeSeconds === undefined) return need;
  const source = uptimeNeed({ maxMs: maxUptimeMs, nodeName, readBootID, uptimeSeconds, clock });
  return anyNeed([need, source]);
}

interface UptimePorts extends Required<Pick<Host, "readBootID" | "uptimeSeconds">> {
  maxMs: number;
  nodeName: string;
  clock: Clock;
}

/**
 * A need by the time since the machine started. The kernel counts that; no clock that is set changes it, and the time in
 * which a machine is suspended is in it. Nobody needs to be asked until it is due.
 */
export function uptimeNeed({ maxMs, nodeName, readBootID, uptimeSeconds, clock }: UptimePorts): NeedSource {
  /** How long the node is not due yet, in milliseconds; 0 or less once it is. */
  async function left(): Promise<{ dueMs: number; leftMs: number }> {
    const dueMs = dueAfterMs(maxMs, nodeName, await readBootID());
    // Whole milliseconds: the fraction of one may be lost beside the time of a clock, and waited for for ever.
    return { dueMs, leftMs: Math.ceil(dueMs - uptimeSeconds() * 1000) };
  }

  async function awaitDue(onChange: () => void, signal: AbortSignal): Promise<void> {
    for (;;) {
      const leftMs = await left().then(
        (one) => one.leftMs,
        () => unreadableRetryMs,
      );
      if (leftMs <= 0) return onChange();
      // Ends early where it is longer than a timer can be, or late on a machine that was suspended.
      await clock.sleep(leftMs, signal);
    }
  }

  return {
    async check(): Promise<Need> {
      try {
        const { dueMs, leftMs } = await left();
        if (leftMs > 0) return { state: "not-needed" };
        const [due, max] = [dueMs, maxMs].map((ms) => durationText(Math.floor(ms / 1000)));
        return {
          state: "needed",
          source: "uptime",
          reasons: [`up for more than ${due}, due by --max-uptime=${max}`],
        };
      } catch (error) {
        return { state: "unknown", why: `the uptime cannot be read: ${(error as Error).message}` };
      }
    },
    watch(onChange, signal) {
      awaitDue(onChange, signal).catch(() => {}); // The signal has ended it.
    },
  };
}
