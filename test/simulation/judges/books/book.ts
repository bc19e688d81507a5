import type { PolicyRule } from "../../world/history.ts";

/**
 * What one policy's definition says of one key, from what was taken and given back, and when. Written from the
 * definitions; nothing is shared with src/. Times never run backwards, in whole ms.
 */
export interface Book {
  /** Whether so many units may be taken at `at` if nothing more is until then; a bucket may lend for `delayMs`. */
  allows(at: number, units: number, delayMs: number): boolean;
  /** Units that could be taken, rounded down. */
  remaining(at: number): number;
  take(at: number, units: number): void;
  /**
   * Gives back, never more than is in use. Of what was taken at `since` no more than still counts as that: what a bucket may have
   * refilled in the meantime, and what has left a window, came back by itself.
   */
  giveBack(at: number, units: number, since?: number): void;
  /** Ms from `at` until nothing of what was taken counts any more. */
  wholeAfterMs(at: number): number;
  /** Ms for which what was written may be kept at the most, where that follows from neither the window nor `wholeAfterMs`. */
  mostMs?(at: number): number;
  /** From now on it goes by these numbers; what was taken stays. */
  under(numbers: Pick<PolicyRule, "limit" | "burst">): void;
  /** Everything that was taken is forgotten. */
  forget(): void;
}
