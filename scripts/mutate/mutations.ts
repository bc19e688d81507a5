/** What is replaced by what; each text must occur in the file exactly once. */
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
export const MODEL = "test/algorithm/model.test.ts";

export const broken = (title: string, ...edits: Edit[]): Mutation => ({ title, edits });

/** Broken where a script with one count, in the variable `count`, holds it against the ceiling. */
export const brokenAtTheCeiling = (count: string): Mutation[] => [
  broken("denies what fits exactly", ["after > ceiling", "after >= ceiling"]),
  broken(
    "writes on denial",
    [
      `if after > ceiling then return {0, now, ${count}} end`,
      `local yes = 1\nif after > ceiling then yes, after = 0, ${count} end`,
    ],
    ["return {1, now, after}", "return {yes, now, after}"],
  ),
];

/** The script broken in that way. */
export function mutated(source: string, { title, edits }: Mutation): string {
  return edits.reduce((text, [from, to]) => {
    const times = text.split(from).length - 1;
    if (times !== 1) throw new Error(`"${title}" replaces what is there ${times} times, not once: ${from}`);
    return text.replace(from, () => to);
  }, source);
}
