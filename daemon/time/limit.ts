/** Bounds how many requests are under way. */
export type Limit = <T>(work: () => Promise<T>) => Promise<T>;

/** Runs at most `size` of the given works at a time, in the order given. */
export function createLimit(size: number): Limit {
  let running = 0;
  const queue: (() => void)[] = [];
  return async (work) => {
    if (running < size) running += 1;
    else await new Promise<void>((resolve) => queue.push(resolve));
    try {
      return await work();
    } finally {
      // The place goes to the next in the queue, so nobody can slip in between.
      const next = queue.shift();
      if (next !== undefined) next();
      else running -= 1;
    }
  };
}
