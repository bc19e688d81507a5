const MARK = /^ *-- @(only|without|end)\b *(\w*)$/;

/**
 * The source of a Lua file with the sections of these names: what stands from `-- @only name` to `-- @end` is there only with that section, from
 * `-- @without name` only without it. Throws for a section in another one, and for one without a beginning or an end.
 */
export function withSections(file: string, source: string, sections: readonly string[]): string {
  let open: { readonly line: number; readonly isKept: boolean } | undefined;
  const kept = source.split("\n").filter((text, i) => {
    const [, word, name = ""] = MARK.exec(text) ?? [];
    if (word === undefined) return open?.isKept ?? true;
    const line = i + 1;
    if (word === "end" && !open) throw new Error(`${file}:${line}: "-- @end" of no section`);
    if (word !== "end" && open)
      throw new Error(`${file}:${line}: "${text.trim()}" in the section of line ${open.line}: sections don't nest`);
    open = word === "end" ? undefined : { line, isKept: sections.includes(name) === (word === "only") };
    return false;
  });
  if (open) throw new Error(`${file}:${open.line}: a section without "-- @end"`);
  return kept.join("\n");
}
