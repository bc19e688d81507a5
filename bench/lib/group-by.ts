/** Values by what they have in common, in the order of their first appearance. (Node 20 has no `Map.groupBy`.) */
export function groupBy<T>(values: readonly T[], common: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const group = groups.get(common(value));
    if (group) group.push(value);
    else groups.set(common(value), [value]);
  }
  return groups;
}
