/** What is replaced by what; each text must occur in the file, parts included, exactly once. */
export type Edit = readonly [from: string, to: string];

/** One way to break a script. */
export interface Mutation {
  readonly title: string;
  readonly edits: readonly Edit[];
}

/** The ways to break one .lua file, and the tests that it answers to. */
export interface Mutations {
  readonly file: string;
  /** The words that those tests have in their names. */
  readonly words: string;
  /** Where they are, the quickest first: the next are only run if these notice nothing. */
  readonly tests: readonly string[];
  readonly list: readonly Mutation[];
}

export const VECTORS = "test/algorithm/vectors.test.ts";
export const GRACE = "test/algorithm/grace.test.ts";
export const KEY_SET = "test/algorithm/key-set.test.ts";
export const GRANTS = "test/algorithm/grants.test.ts";
export const MODEL = "test/algorithm/model.test.ts";

export const broken = (title: string, ...edits: Edit[]): Mutation => ({ title, edits });

/** Broken where a script of twelve bytes reads its state, and where it holds it against the ceiling: `used` is in use before. */
export const brokenWithOneCount = (used: string): Mutation[] => [
  broken("the clock may run backwards", ["if at > now then now = at end", ""]),
  broken("what a clock ahead took counts for ever", ["or call('PTTL', key) > GRACE", "or true"]),
  broken("what a clock ahead took does not count", ["or call('PTTL', key) > GRACE", ""]),
  broken("goes as soon as what it holds is whole", ["ttl + GRACE", "ttl"]),
  broken("denies what fits exactly", ["after > ceiling", "after >= ceiling"]),
  broken("writes on denial", [
    "if after > ceiling then return",
    `if after > ceiling then call('SET', key, '', 'PX', 1000) return`,
  ]),
  broken("writes on denial as if nothing were taken", [
    "if after > ceiling then return",
    `if after > ceiling then after = ${used} elseif false then return`,
  ]),
];

/** Broken where a bucket gives back what was taken at a time that the call tells. */
export const bucketBrokenSince: readonly Mutation[] = [
  broken("a bucket gives back what has refilled, too", ["delta + (now - since) * pace)", "delta)"]),
  broken("a bucket takes what refilled beyond what is given back", [
    "math.min(0, delta + (now - since) * pace)",
    "delta + (now - since) * pace",
  ]),
  broken("a bucket gives back what an earlier state took", ["ceiling < 1e300 and delta or 0", "delta"]),
  broken("a bucket gives nothing back to those who leave its queue", ["ceiling < 1e300 and delta or 0", "0"]),
];

/** The same of windows; `window` is their length, and `taken` what the running one holds after. */
export const windowBrokenSince = (window: string, taken: string): readonly Mutation[] => [
  broken("gives back to whichever window runs", ["since >= start and since <= now and ", ""]),
  broken("gives back to the running window what an earlier state took", [" and since <= now", ""]),
  broken("gives nothing back of a window's first ms", ["since >= start and", "since > start and"]),
  broken("gives back more than the running window took", [`math.max(0, ${taken}) or current`, `${taken} or current`]),
  broken("gives back to both windows", ["if since < start and", "if"]),
  broken("gives back to the window before what is older", [
    `since < start and since >= start - ${window}`,
    "since < start",
  ]),
  broken("gives nothing back of the first ms of the window before", [
    `since >= start - ${window}`,
    `since > start - ${window}`,
  ]),
  broken("gives back more than the window before took", ["math.max(0, previous + delta)", "previous + delta"]),
];

/** The script broken in that way. */
export function mutated(source: string, { title, edits }: Mutation): string {
  return edits.reduce((text, [from, to]) => {
    const times = text.split(from).length - 1;
    if (times !== 1) throw new Error(`"${title}" replaces what is there ${times} times, not once: ${from}`);
    return text.replace(from, () => to);
  }, source);
}
