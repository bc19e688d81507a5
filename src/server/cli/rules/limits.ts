import { ExpectedError } from "../../errors.ts";

/**
 * Limits by policy in words like `daily=5000`. A policy's name may have a = in it.
 * @throws {ExpectedError} for anything else
 */
export function limitsIn(words: readonly string[]): Record<string, number> {
  if (words.length === 0) throw new ExpectedError("say which limits, as in daily=5000");
  const limits = words.map((word): [string, number] => {
    const [, name, digits] = /^(.+)=(\d{1,16})$/.exec(word) ?? [];
    if (name === undefined) throw new ExpectedError(`a limit is <policy>=<whole number>, not ${JSON.stringify(word)}`);
    return [name, Number(digits)];
  });
  return Object.fromEntries(limits);
}
