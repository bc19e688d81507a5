/** A pattern, cut at its stars. */
export interface Pattern {
  readonly head: string;
  readonly middle: readonly string[];
  readonly tail: string;
}

export function patternIn(text: string): Pattern {
  const parts = text.split("*");
  return { head: parts[0] as string, middle: parts.slice(1, -1), tail: parts.at(-1) as string };
}

/** Whether the key fits the pattern, in time that grows with the key alone. */
export function fits({ head, middle, tail }: Pattern, key: string): boolean {
  if (key.length < head.length + tail.length || !key.startsWith(head) || !key.endsWith(tail)) return false;
  const end = key.length - tail.length;
  let from = head.length;
  for (const part of middle) {
    const at = key.indexOf(part, from);
    if (at < 0 || at + part.length > end) return false;
    from = at + part.length;
  }
  return true;
}
