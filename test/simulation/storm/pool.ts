import { type ChildProcess, fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { Limits } from "./scenario.ts";
import type { Result, Task } from "./worker.ts";

const worker = fileURLToPath(new URL("./worker.ts", import.meta.url));

/** All processors play already: none is left for threads that help to collect garbage. */
const execArgv = ["--single-threaded-gc", "--max-semi-space-size=32"];

/** Numbers from the first on, each to the worker that is free; until one answers that it is enough. */
export interface Seeds {
  first: number;
  count: number;
  limits: Limits;
}

/** Plays the seeds on all processors. `onResult` answers whether it is enough; results come in no order. */
export async function playSeeds(
  { first, count, limits }: Seeds,
  onResult: (result: Result) => boolean,
  { workers = availableParallelism(), mutant }: { workers?: number; mutant?: string } = {},
): Promise<void> {
  let seed = first;
  let isEnough = false;
  const run = async () => {
    const child = fork(worker, mutant === undefined ? [] : [mutant], { execArgv });
    const next = ask(child);
    let playing = 0;
    try {
      await next();
      while (seed < first + count && !isEnough) {
        const task = { seed, limits };
        playing = seed;
        seed += 1;
        if (onResult(await next(task))) isEnough = true;
      }
    } catch (cause) {
      throw new Error(`playing seed ${playing}: ${(cause as Error).message}`, { cause });
    } finally {
      child.kill();
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, count) }, run));
}

/** Sends a task and resolves with the answer, one at a time; without a task it waits for the worker to be ready. */
function ask(child: ChildProcess): (task?: Task) => Promise<Result> {
  let answer = Promise.withResolvers<Result>();
  child.on("message", (message) => answer.resolve(message as Result));
  // A worker that ends by itself has failed.
  child.on("exit", (code) => answer.reject(new Error(`a worker ended with exit code ${code}`)));
  return async (task) => {
    if (task !== undefined) {
      answer = Promise.withResolvers();
      child.send(task);
    }
    return await answer.promise;
  };
}
