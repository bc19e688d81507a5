import { between, chance, type Stream, share } from "../world/random.ts";

/** Whose call the next one is. */
export type NextKey = (stream: Stream) => string;

export const oneKey =
  (key: string): NextKey =>
  () =>
    key;

/** `keys` keys, each as likely. */
export function evenKeys(keys: number, name = "user"): NextKey {
  return (stream) => `${name}-${between(stream, 1, keys)}`;
}

/** One key gets this share of all calls, the others the rest. */
export function hotKey(part: number, others: NextKey): NextKey {
  return (stream) => (chance(stream, part) ? "hot" : others(stream));
}

/** `keys` keys, the nth asked for 1/n times as often as the first (Zipf). */
export function zipfKeys(keys: number, name = "user"): NextKey {
  const sums = sumsFor(keys);
  const total = sums[keys - 1] as number;
  return (stream) => {
    const wanted = share(stream) * total;
    let [low, high] = [0, keys - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] as number) > wanted) high = middle;
      else low = middle + 1;
    }
    return `${name}-${low + 1}`;
  };
}

let known: Float64Array = new Float64Array(0);

/** 1 + 1/2 + … + 1/n for n from 1: additions and divisions, which are the same everywhere. */
function sumsFor(keys: number): Float64Array {
  if (known.length >= keys) return known;
  known = new Float64Array(keys);
  let sum = 0;
  for (let i = 0; i < keys; i += 1) {
    sum += 1 / (i + 1);
    known[i] = sum;
  }
  return known;
}
