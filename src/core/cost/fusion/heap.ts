/** A priority queue: what has the least key comes first. */
export interface Heap<T> {
  /** Infinity when it is empty. */
  readonly leastKey: () => number;
  readonly push: (item: T, key: number) => void;
  readonly pop: () => T | null;
  readonly items: () => readonly T[];
}

export function createHeap<T>(): Heap<T> {
  const items: T[] = [];
  const keys: number[] = [];
  const put = (at: number, item: T, key: number): void => {
    items[at] = item;
    keys[at] = key;
  };
  const push = (item: T, key: number): void => {
    let at = items.length;
    put(at, item, key);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((keys[parent] as number) <= key) break;
      put(at, items[parent] as T, keys[parent] as number);
      at = parent;
    }
    put(at, item, key);
  };
  const pop = (): T | null => {
    const first = items[0];
    const item = items.pop();
    const key = keys.pop();
    if (first === undefined || item === undefined || key === undefined) return null;
    if (items.length === 0) return first;
    let at = 0;
    for (let child = 1; child < items.length; child = 2 * at + 1) {
      if (child + 1 < items.length && (keys[child + 1] as number) < (keys[child] as number)) child += 1;
      if ((keys[child] as number) >= key) break;
      put(at, items[child] as T, keys[child] as number);
      at = child;
    }
    put(at, item, key);
    return first;
  };
  return {
    leastKey: () => keys[0] ?? Number.POSITIVE_INFINITY,
    push,
    pop,
    items: () => items,
  };
}
