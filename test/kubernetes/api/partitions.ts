/** Clients that the network has cut off from the server, each on its own. */

export interface PartitionHandle {
  /** Lets the client reach the server again. */
  heal(): void;
}

export interface Partitions {
  /** Cuts a user off until it is healed; what it has open breaks at once. */
  part(user: string): PartitionHandle;
  isParted(user: string): boolean;
  /** Calls `listener` when the user is cut off; returns how to end that. */
  onPart(user: string, listener: () => void): () => void;
}

export function createPartitions(): Partitions {
  /** Users may be cut off more than once at a time; each handle heals its own. */
  const parted = new Map<string, Set<PartitionHandle>>();
  const listeners = new Map<string, Set<() => void>>();
  return {
    part(user) {
      const handles = parted.get(user) ?? new Set();
      const handle = {
        heal() {
          handles.delete(handle);
          if (handles.size === 0 && parted.get(user) === handles) parted.delete(user);
        },
      };
      parted.set(user, handles.add(handle));
      for (const listener of [...(listeners.get(user) ?? [])]) listener();
      return handle;
    },
    isParted: (user) => parted.has(user),
    onPart(user, listener) {
      const own = listeners.get(user) ?? new Set();
      listeners.set(user, own.add(listener));
      return () => {
        own.delete(listener);
        if (own.size === 0 && listeners.get(user) === own) listeners.delete(user);
      };
    },
  };
}
