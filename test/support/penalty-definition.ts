import type { PenaltyNumbers, PenaltyTask } from "../../src/algorithm/penalty.ts";

/** What a penalty is, from all that ever happened to its key: written apart from the script and its twin. */
export interface PenaltyDefinition {
  /** Whether a call at `now` is denied whatever its policies say. */
  isBlocked(now: number): boolean;
  /** The end of the last block, 0 without one. */
  readonly end: number;
  /** One call; true if something of it is kept. */
  call(now: number, task: PenaltyTask, denied: boolean, numbers: PenaltyNumbers): boolean;
  /** Ms until nothing of it matters any more. */
  lifeMs(now: number, numbers: PenaltyNumbers): number;
  /** When something of it changes by itself: a strike stops to count, the block ends, a step of it is forgotten. */
  turns(numbers: PenaltyNumbers): readonly number[];
  /** Once nothing matters any more, it is as if nothing had been. */
  forget(): void;
  /** What stands before the counts, but for its second to seventh byte. */
  bytes(): Buffer;
}

interface Block {
  readonly end: number;
  /** Blocks before it that made it longer, itself among them if it made the next one longer. */
  readonly rank: number;
}

export function penaltyDefinition(): PenaltyDefinition {
  /** Since the last block, in the order in which they came. */
  let struck: number[] = [];
  let last: Block = { end: 0, rank: 0 };

  const rankAt = (time: number, within: number) => {
    const forgotten = time > last.end ? Math.floor((time - last.end) / within) : 0;
    return Math.max(0, last.rank - forgotten);
  };

  function block(time: number, task: PenaltyTask, { within, length, factor, most }: PenaltyNumbers): void {
    const rank = rankAt(time, within);
    const exact = task === "block" ? length : Math.min(most, length * factor ** rank);
    const grows = task === "strike" && factor > 1 && exact < most;
    last = { end: Math.max(last.end, time + exact), rank: rank + (grows ? 1 : 0) };
    struck = [];
  }

  return {
    isBlocked: (now) => last.end > now,
    get end() {
      return last.end;
    },
    call(now, task, denied, numbers) {
      const time = Math.max(now, ...struck);
      if (task === "block") {
        block(time, task, numbers);
        return true;
      }
      if (task !== "strike" || !denied || last.end > now) return false;
      struck = struck.filter((at) => time - at < numbers.within);
      struck.push(time);
      if (struck.length >= numbers.after) block(time, task, numbers);
      return true;
    },
    lifeMs(now, { within }) {
      const newest = struck.at(-1);
      return Math.max(0, last.end + last.rank * within - now, newest === undefined ? 0 : newest + within - now);
    },
    turns({ within }) {
      return [...struck.map((at) => at + within), ...(last.end > 0 ? [last.end, last.end + within] : [])];
    },
    forget() {
      struck = [];
      last = { end: 0, rank: 0 };
    },
    bytes() {
      const head = Buffer.alloc(15 + 6 * struck.length);
      head[0] = 255;
      head[7] = last.rank;
      head.writeUIntBE(last.end, 8, 6);
      head[14] = struck.length;
      struck.forEach((at, i) => void head.writeUIntBE(at, 15 + 6 * i, 6));
      return head;
    },
  };
}
