/** Watches the configuration file while the daemon runs. */
import { changeTo } from "../config/change.ts";
import type { Given } from "../config/given.ts";
import type { RawOptions } from "../config/settings.ts";
import { explain } from "../report/log.ts";
import { backoffMs } from "../time/backoff.ts";
import type { Clock, Random } from "../time/clock.ts";
import type { Running } from "./daemon.ts";

/** A configuration with which a daemon runs, or could. */
export interface Configuration {
  /** The text of the file. */
  text: string;
  /** The options in force. Some of the file count from the next start only. */
  raw: RawOptions;
  /** All that was given, with the file. */
  given: Given;
}

export interface ConfigPorts<C extends Configuration> {
  clock: Clock;
  random: Random;
  /** The text of the file; rejects where it cannot be read. */
  read: () => Promise<string>;
  /** The configuration that a text of the file makes; rejects where no daemon could start with it. */
  open: (text: string) => Promise<C>;
}

/**
 * A ConfigMap reaches its pods a minute after a change, so nobody waits for a few seconds more. Reading a small
 * file works on every file system, also where a folder is replaced by a link to another one.
 */
const pollMs = 5000;

/** A rejected file may name another one that is not there yet. */
const retry = { firstMs: 20_000, maxMs: 10 * 60_000 };

/** A machine that goes down takes no new configuration; the next process reads the file anyway. */
const mayChange = (phase: string) => phase !== "Rebooting";

/**
 * Resolves with the new configuration when the file has changed, and the daemon may be composed anew. A text
 * counts once it has been read twice, so that a file that is being written is not taken for a whole one.
 * Rejects when the signal ends it.
 */
export async function watchConfig<C extends Configuration>(
  has: Pick<Configuration, "text" | "raw">,
  ports: ConfigPorts<C>,
  running: Running,
  signal: AbortSignal,
): Promise<C> {
  const { clock } = ports;
  const report = createVerdicts(running);
  let judged = has.text;
  let last = has.text;
  let next: C | undefined;
  let rejections = 0;
  let judgeAt = Number.POSITIVE_INFINITY;
  for (;;) {
    await clock.sleep(pollMs, signal);
    const text = await ports.read().catch((error: unknown) => {
      report.rejected(explain(error));
      judgeAt = 0;
      return undefined;
    });
    const isStable = text !== undefined && text === last;
    last = text ?? "";
    if (!isStable) continue;
    if (text !== judged || clock.elapsed() >= judgeAt) {
      if (text !== judged) rejections = 0;
      judged = text;
      judgeAt = Number.POSITIVE_INFINITY;
      next = await judge(text);
    }
    if (next === undefined || !mayChange(running.phase())) continue;
    await running.messagesSettled(signal);
    return next;
  }

  /** Undefined where nothing is to change. */
  async function judge(text: string): Promise<C | undefined> {
    if (text === has.text) {
      report.accepted([], []);
      return undefined;
    }
    try {
      const found = await ports.open(text);
      const { changed, kept } = changeTo(has.raw, found.given.raw);
      report.accepted(changed, kept);
      return changed.length === 0 ? undefined : found;
    } catch (error) {
      signal.throwIfAborted();
      report.rejected(explain(error));
      rejections += 1;
      judgeAt = clock.elapsed() + backoffMs(rejections, retry, ports.random);
      return undefined;
    }
  }
}

/** Says each verdict once: in the log, as an event, and as a metric. */
function createVerdicts({ log, metrics, configRejected }: Running) {
  let rejection: string | undefined;
  let keptBefore = "";
  return {
    rejected(why: string): void {
      metrics.configValid.set(0);
      if (why !== rejection) configRejected(why);
      rejection = why;
    },
    accepted(changed: readonly string[], kept: readonly string[]): void {
      metrics.configValid.set(1);
      if (changed.length > 0) log.info("the configuration file has changed", { changed: changed.join(", ") });
      else if (rejection !== undefined) log.info("the configuration file is valid again");
      rejection = undefined;
      const keptNow = kept.join(", ");
      if (keptNow !== "" && keptNow !== keptBefore)
        log.warn(
          "options of the configuration file have changed that count from the next start: restart the pods, for example with kubectl rollout restart",
          { kept: keptNow },
        );
      keptBefore = keptNow;
    },
  };
}
