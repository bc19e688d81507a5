/** Something that is to happen at a time. */
export interface Entry<Owner> {
  /** Ms since the world's start. */
  at: number;
  /** Decides among what happens at the same time. */
  tie: number;
  /** Whose it is: what happens to an isolate that is frozen or gone does not happen. */
  readonly owner: Owner;
  /** Left out once it was cancelled. */
  run: (() => void) | undefined;
}

/** Virtual time: what is to happen, in the order of its time and, at one time, of a number from the seed. */
export interface Timeline<Owner> {
  /** Ms since the world's start; moves with `next`. */
  readonly now: number;
  /** How many entries wait, with those cancelled lately. */
  readonly size: number;
  add(at: number, tie: number, owner: Owner, run: () => void): Entry<Owner>;
  /** Puts an entry that was taken out back in, for now. */
  again(entry: Entry<Owner>, tie: number): void;
  /** The next entry that is not cancelled, taken out; the time is then its time. Undefined if none is left. */
  next(): Entry<Owner> | undefined;
  /** Everything that waits, in no order. */
  waiting(): Entry<Owner>[];
}

/** A binary heap. A cancelled entry stays in it until its time comes: deadlines are many and nearly all are cancelled. */
export function createTimeline<Owner>(): Timeline<Owner> {
  const heap: Entry<Owner>[] = [];
  let now = 0;

  function rise(entry: Entry<Owner>, from: number): void {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = heap[above] as Entry<Owner>;
      if (!isBefore(entry, parent)) break;
      heap[place] = parent;
      place = above;
    }
    heap[place] = entry;
  }

  function sink(entry: Entry<Owner>): void {
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1] as Entry<Owner>, heap[below] as Entry<Owner>)) below += 1;
      const child = heap[below] as Entry<Owner>;
      if (!isBefore(child, entry)) break;
      heap[place] = child;
      place = below;
    }
    heap[place] = entry;
  }

  function put(entry: Entry<Owner>): void {
    heap.push(entry);
    rise(entry, heap.length - 1);
  }

  return {
    get now() {
      return now;
    },
    get size() {
      return heap.length;
    },
    add(at, tie, owner, run) {
      const entry: Entry<Owner> = { at: Math.max(at, now), tie, owner, run };
      put(entry);
      return entry;
    },
    again(entry, tie) {
      entry.at = now;
      entry.tie = tie;
      put(entry);
    },
    next() {
      for (;;) {
        const first = heap[0];
        const last = heap.pop();
        if (!first || !last) return undefined;
        if (heap.length > 0) sink(last);
        if (!first.run) continue;
        now = first.at;
        return first;
      }
    },
    waiting: () => heap.filter((entry) => entry.run),
  };
}

/** Two entries of one time and one tie happen in the order in which the heap has them, which is the same in every run. */
function isBefore<Owner>(a: Entry<Owner>, b: Entry<Owner>): boolean {
  return a.at < b.at || (a.at === b.at && a.tie < b.tie);
}
