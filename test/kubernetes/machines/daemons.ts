import type { Clock } from "../../../daemon/time/clock.ts";
import { type DaemonHandle, superviseDaemon } from "./supervisor.ts";

/** The daemons of one machine: its own, and those that are run beside it. */
export interface Daemons {
  /** Keeps them running until the power is cut or the machine's signal is aborted. */
  run(power: AbortSignal): Promise<void>;
  /** Runs another daemon too, in each boot, until the answer is called. */
  runBeside(start: () => DaemonHandle): () => void;
  /** Only the own daemon dies; it is started again. */
  crash(): void;
  /** Only the own daemon is asked to end, and is started again; resolves with how it ended, if there was one. */
  stop(): Promise<string | undefined>;
  /** No daemon runs any more, and none is started before the next `run`. */
  forget(): void;
}

export interface DaemonsOptions {
  /** Of the machine's own; without it there is none, and none beside it. */
  start: (() => DaemonHandle) | undefined;
  onStart: () => void;
  onEnd: (how: string) => void;
  clock: Clock;
  signal: AbortSignal;
}

interface Beside {
  start: () => DaemonHandle;
  ended: AbortSignal;
}

export function createDaemons({ start, onStart, onEnd, clock, signal }: DaemonsOptions): Daemons {
  const besides = new Set<Beside>();
  let daemon: DaemonHandle | undefined;
  let power: AbortSignal | undefined;

  function supervise({ start, ended }: Beside): void {
    if (power === undefined) return;
    const until = AbortSignal.any([power, ended]);
    void superviseDaemon({ start, onEnd: () => {}, clock, power: until, signal });
  }

  return {
    async run(ofBoot) {
      if (start === undefined) return;
      power = ofBoot;
      for (const beside of besides) supervise(beside);
      const startOwn = () => {
        daemon = start();
        onStart();
        return daemon;
      };
      await superviseDaemon({ start: startOwn, onEnd, clock, power: ofBoot, signal });
    },
    runBeside(start) {
      const end = new AbortController();
      const beside = { start, ended: end.signal };
      besides.add(beside);
      supervise(beside);
      return () => {
        besides.delete(beside);
        end.abort();
      };
    },
    crash: () => daemon?.kill("SIGKILL"),
    async stop() {
      daemon?.kill("SIGTERM");
      return await daemon?.exited;
    },
    forget() {
      daemon = undefined;
      power = undefined;
    },
  };
}
