/** Who waits for something to happen on a node, once. */
export function createWaiters() {
  let waiting: { node: string; skip: number; action: () => void }[] = [];
  return {
    /** Does it at the next such thing on this node but so many. */
    wait: (node: string, skip: number, action: () => void) => void waiting.push({ node, skip, action }),
    /** It has happened. */
    tell(node: string): void {
      const due = waiting.filter((one) => one.node === node && one.skip === 0);
      waiting = waiting
        .filter((one) => !due.includes(one))
        .map((one) => (one.node === node ? { ...one, skip: one.skip - 1 } : one));
      for (const { action } of due) action();
    },
  };
}
