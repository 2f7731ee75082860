import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { Limits } from "./scenario.ts";
import type { Result, Task } from "./worker.ts";

const worker = fileURLToPath(new URL("./worker.ts", import.meta.url));

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
  let next = first;
  let isEnough = false;
  const run = async () => {
    const child = fork(worker, mutant === undefined ? [] : [mutant]);
    try {
      await answerOf(child);
      while (next < first + count && !isEnough) {
        const task: Task = { seed: next, limits };
        next += 1;
        child.send(task);
        if (onResult((await answerOf(child)) as Result)) isEnough = true;
      }
    } finally {
      child.kill();
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, count) }, run));
}

/** A worker that ends by itself has failed. */
async function answerOf(child: ChildProcess): Promise<unknown> {
  const answered = once(child, "message").then(([message]) => message);
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`a worker ended with exit code ${code}`);
  });
  return await Promise.race([answered, ended]);
}
