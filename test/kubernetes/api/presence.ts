/** Whether the server can be reached at all. */
export interface Presence {
  readonly isAway: boolean;
  setAway(away: boolean): void;
  /** Calls `listener` whenever the server goes away; returns how to end that. */
  onAway(listener: () => void): () => void;
}

export function createPresence(): Presence {
  const listeners = new Set<() => void>();
  let isAway = false;
  return {
    get isAway() {
      return isAway;
    },
    setAway(away) {
      isAway = away;
      if (away) for (const listener of listeners) listener();
    },
    onAway(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
