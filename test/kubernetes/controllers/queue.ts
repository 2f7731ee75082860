import { isApiError } from "../../../daemon/cluster/api.ts";
import { backoffMs } from "../../../daemon/time/backoff.ts";
import type { Ports } from "./ports.ts";

const retry = { firstMs: 50, maxMs: 5000 };

/** Keys of objects to look at. A key that waits is not added twice, so a burst of events is one look. */
export interface Queue {
  add(key: string): void;
  addAfter(key: string, ms: number): void;
  /** Works until the signal ends it, one key at a time. What the API refuses is tried again, later and later. */
  run(): Promise<void>;
}

export type Reconcile = (key: string) => Promise<void>;

export function createQueue(ports: Omit<Ports, "api">, reconcile: Reconcile): Queue {
  const { clock, random, signal } = ports;
  const waiting = new Set<string>();
  const dueAt = new Map<string, number>();
  const failures = new Map<string, number>();
  let wake = () => {};

  function add(key: string): void {
    waiting.add(key);
    wake();
  }

  function addAfter(key: string, ms: number): void {
    const due = clock.elapsed() + ms;
    if ((dueAt.get(key) ?? Number.POSITIVE_INFINITY) <= due) return;
    dueAt.set(key, due);
    clock.sleep(ms, signal).then(
      () => {
        if (dueAt.get(key) === due) dueAt.delete(key);
        add(key);
      },
      () => {},
    );
  }

  async function look(key: string): Promise<void> {
    try {
      await reconcile(key);
      failures.delete(key);
    } catch (error) {
      if (signal.aborted) return;
      if (!isApiError(error)) throw error;
      const count = (failures.get(key) ?? 0) + 1;
      failures.set(key, count);
      addAfter(key, backoffMs(count, retry, random));
    }
  }

  async function run(): Promise<void> {
    const onAbort = () => wake();
    signal.addEventListener("abort", onAbort, { once: true });
    while (!signal.aborted) {
      const [key] = waiting;
      if (key === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      waiting.delete(key);
      await look(key);
    }
    signal.removeEventListener("abort", onAbort);
  }

  return { add, addAfter, run };
}
