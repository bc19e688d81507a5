/** What of a decision may be `Infinity`. */
interface Numbers {
  readonly burst?: number;
  readonly retryAfterMs: number;
}

/**
 * The same object, whose JSON leaves out what is `Infinity`: it would become `null`, which counts as 0. Only the JSON knows,
 * so that copies, clones and comparisons see plain data.
 */
export function withoutInfinity<T extends Numbers>(numbers: T): T {
  if (numbers.retryAfterMs + (numbers.burst as number) < Infinity) return numbers;
  const value = () => Object.fromEntries(Object.entries(numbers).filter(([, number]) => number !== Infinity));
  return Object.defineProperty(numbers, "toJSON", { value });
}
