/** What was asked of the server, by whom, and what it cost. */

export interface LedgerEntry {
  /** Milliseconds since the epoch, by the server's clock. */
  start: number;
  user: string;
  verb: string;
  group: string;
  resource: string;
  subresource: string;
  namespace: string;
  name: string;
  path: string;
  /** 0 while there is no answer, and for ever when none came. */
  status: number;
  /** Nothing was to be stored. */
  isDryRun: boolean;
  requestBytes: number;
  /** Grows while a watch is open. */
  responseBytes: number;
  /** Until the end of the answer; undefined before it. */
  durationMs: number | undefined;
}

export type LedgerFilter = Partial<
  Pick<LedgerEntry, "user" | "verb" | "group" | "resource" | "subresource" | "namespace" | "name" | "status">
> & { where?: (entry: LedgerEntry) => boolean };

export interface Ledger {
  /** The newest entries that fit, oldest first. */
  entries(filter?: LedgerFilter): LedgerEntry[];
  count(filter?: LedgerFilter): number;
  /** Requests since the start, also those that the ledger no longer holds. */
  readonly total: number;
  clear(): void;
  record(entry: LedgerEntry): void;
}

/** A ring: the oldest of `max` entries goes first. */
export function createLedger(max: number): Ledger {
  let ring: LedgerEntry[] = [];
  let total = 0;
  const inOrder = () => {
    const start = ring.length < max ? 0 : total % max;
    return [...ring.slice(start), ...ring.slice(0, start)];
  };
  const entries = ({ where, ...exact }: LedgerFilter = {}) =>
    inOrder().filter(
      (entry) =>
        Object.entries(exact).every(([key, value]) => entry[key as keyof typeof exact] === value) &&
        (where?.(entry) ?? true),
    );
  return {
    entries,
    count: (filter) => entries(filter).length,
    get total() {
      return total;
    },
    clear() {
      ring = [];
      total = 0;
    },
    record(entry) {
      ring[total % max] = entry;
      total++;
    },
  };
}
