/** Values by their time, the earliest first: a binary heap. */
export interface Queue<T> {
  push(at: number, value: T): void;
  /** The time of the first one; undefined if there is none. */
  nextAt(): number | undefined;
  /** Takes the first one out. */
  pop(): T | undefined;
}

export function createQueue<T>(): Queue<T> {
  const heap: { at: number; value: T }[] = [];
  const timeOf = (index: number) => heap[index]?.at ?? Number.POSITIVE_INFINITY;

  function swap(one: number, other: number): void {
    [heap[one], heap[other]] = [heap[other] as (typeof heap)[0], heap[one] as (typeof heap)[0]];
  }

  return {
    nextAt: () => heap[0]?.at,
    push(at, value) {
      heap.push({ at, value });
      for (let index = heap.length - 1; index > 0; ) {
        const parent = (index - 1) >> 1;
        if (timeOf(parent) <= timeOf(index)) break;
        swap(index, parent);
        index = parent;
      }
    },
    pop() {
      const [top] = heap;
      const last = heap.pop();
      if (top === undefined || last === undefined || heap.length === 0) return top?.value;
      heap[0] = last;
      for (let index = 0; ; ) {
        const [left, right] = [2 * index + 1, 2 * index + 2];
        const child = timeOf(right) < timeOf(left) ? right : left;
        if (timeOf(child) >= timeOf(index)) return top.value;
        swap(index, child);
        index = child;
      }
    },
  };
}
