/**
 * A stream of numbers that depends on its seed alone, on every machine and engine: whole-number arithmetic, and of
 * fractions only what IEEE 754 prescribes (so no logarithms). Plain data, so that every call can have one of its own.
 * The generator is mulberry32 by Tommy Ettinger (public domain).
 */
export interface Stream {
  state: number;
}

/** The stream of `parts`, such as a seed and the number of a call; drawing from one changes no other. */
export function streamOf(...parts: readonly number[]): Stream {
  let state = 0x9e3779b9;
  for (const part of parts) state = mixed(mixed(state, part % 2 ** 32), Math.floor(part / 2 ** 32));
  return { state };
}

function mixed(state: number, part: number): number {
  let mix = (state ^ part) | 0;
  mix = Math.imul(mix ^ (mix >>> 16), 0x85ebca6b);
  mix = Math.imul(mix ^ (mix >>> 13), 0xc2b2ae35);
  return ((mix ^ (mix >>> 16)) + 0x9e3779b9) | 0;
}

/** A whole number from 0 to 2^32 - 1. */
export function bits(stream: Stream): number {
  stream.state = (stream.state + 0x6d2b79f5) | 0;
  const { state } = stream;
  let mix = Math.imul(state ^ (state >>> 15), 1 | state);
  mix = (mix + Math.imul(mix ^ (mix >>> 7), 61 | mix)) ^ mix;
  return (mix ^ (mix >>> 14)) >>> 0;
}

/** From 0 to below 1. */
export function share(stream: Stream): number {
  return bits(stream) / 2 ** 32;
}

/** True with this probability; draws nothing where that is 0. */
export function chance(stream: Stream, probability: number): boolean {
  return probability > 0 && share(stream) < probability;
}

/** A whole number from `low` to `high`. */
export function between(stream: Stream, low: number, high: number): number {
  return low + Math.floor(share(stream) * (high - low + 1));
}

/** One of `list`, each as likely. */
export function oneOf<T>(stream: Stream, list: readonly T[]): T {
  return list[Math.floor(share(stream) * list.length)] as T;
}

/** Exponentially distributed with mean 1: the gaps of a Poisson process. By comparisons alone (von Neumann, 1951). */
export function exponential(stream: Stream): number {
  for (let whole = 0; ; whole += 1) {
    const first = share(stream);
    let last = first;
    for (let drawn = 2; ; drawn += 1) {
      const next = share(stream);
      if (next >= last) {
        if (drawn % 2 === 0) return whole + first;
        break;
      }
      last = next;
    }
  }
}
