const numbers = { SIGINT: 2, SIGTERM: 15 } as const;

export interface StopSignals {
  signal: AbortSignal;
  /** As a shell has it: 128 and the number of the signal; undefined while none has come. */
  exitCode(): number | undefined;
}

/** For the main file of a process: the first signal asks it to end, the second does not wait for it. */
export function onStopSignals(): StopSignals {
  const stop = new AbortController();
  let exitCode: number | undefined;
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      // What it started is killed on the way out.
      if (stop.signal.aborted) process.exit(128 + numbers[name]);
      exitCode = 128 + numbers[name];
      stop.abort(new Error(`ended by ${name}`));
    });
  }
  return { signal: stop.signal, exitCode: () => exitCode };
}
