import { expect, test } from "vitest";
import { withSections } from "../../scripts/lua-sections.ts";

const of = (lines: readonly string[], ...sections: string[]) => withSections("a.lua", lines.join("\n"), sections);

test("a section is there with its name or without it, and its marks never", () => {
  const lines = [
    "a",
    "  -- @only x",
    "  b",
    "  -- @end",
    "-- @without x",
    "c",
    "-- @end",
    "-- @only y",
    "d",
    "-- @end",
    "e",
  ];
  expect(of(lines)).toBe("a\nc\ne");
  expect(of(lines, "x")).toBe("a\n  b\ne");
  expect(of(lines, "x", "y")).toBe("a\n  b\nd\ne");
});

test.each([
  [
    "a section in another one",
    ["-- @only x", "a", "  -- @without y", "b", "-- @end", "-- @end"],
    'a.lua:3: "-- @without y" in the section of line 1: sections don\'t nest',
  ],
  [
    "one that goes on into the next",
    ["-- @only x", "a", "-- @only y", "b", "-- @end"],
    'a.lua:3: "-- @only y" in the section of line 1: sections don\'t nest',
  ],
  ["an end too many", ["-- @only x", "a", "-- @end", "-- @end"], 'a.lua:4: "-- @end" of no section'],
  ["a section without an end", ["a", "-- @only x", "b"], 'a.lua:2: a section without "-- @end"'],
])("%s is an error, whichever sections there are", (_what, lines, words) => {
  for (const sections of [[], ["x"], ["x", "y"]]) expect(() => of(lines, ...sections)).toThrow(words);
});
