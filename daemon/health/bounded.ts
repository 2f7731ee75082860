import { createContext, Script } from "node:vm";

/** Runs work of the processor for a bounded time; throws an Error when it is over. */
export type Bounded = <T>(work: () => T) => T;

/**
 * An expression over long lists, or a regular expression, may take for ever, and nothing else runs meanwhile.
 * Node interrupts code of a context after a time, with all that it calls.
 */
export function createBounded(limitMs: number): Bounded {
  const context = createContext({ work: undefined }) as { work: (() => unknown) | undefined };
  const script = new Script("work()");
  return <T>(work: () => T) => {
    context.work = work;
    try {
      return script.runInContext(context, { timeout: limitMs }) as T;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
      throw new Error(`it takes longer than ${limitMs} ms`);
    } finally {
      context.work = undefined;
    }
  };
}
