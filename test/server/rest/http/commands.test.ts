import { describe, expect, test } from "vitest";
import { parseCommand, parseCommands } from "../../../../src/server/rest/http/commands.ts";

const bytes = (text: string) => Buffer.from(text);

describe("what can't be a command", () => {
  const large = 10_000_000;
  test.each([
    ["brackets", "[".repeat(large)],
    ["brackets in a command", `["GET",${"[".repeat(large)}`],
    ["objects", `[${'{"a":'.repeat(large / 5)}`],
    ["empty lists", `[${"[],".repeat(large / 3)}[]]`],
    ["numbers", `[[${"1,".repeat(large / 2)}1]]`],
  ])("%s without end is refused in a small part of the time that JSON.parse takes for it", (_, text) => {
    const body = bytes(text);
    const startMs = performance.now();
    for (const parse of [parseCommand, (each: Buffer) => parseCommands(each, 10_000)]) {
      expect(() => parse(body)).toThrow(/^ERR /);
    }
    const oursMs = performance.now() - startMs;
    try {
      JSON.parse(text);
    } catch {
      // Some of it ends too early for JSON.
    }
    expect(oursMs / 2).toBeLessThan((performance.now() - startMs - oursMs) / 2);
  });
});

test("brackets, commas and quotes in strings are text", () => {
  const words = ["SET", "[[[{{{", ',,,"]]]', "\\", '\\"', '"', "", "\\\\", "ü]"];
  expect(parseCommand(bytes(JSON.stringify(words)))).toEqual(words);
  expect(parseCommands(bytes(JSON.stringify([words, words])), 2)).toEqual([words, words]);
});

test.each(['["a', '["a\\', '["a\\"', '["a"', '"', "[", "]", "[]]", "", "\0", '["a"]x'])("%j is no JSON", (text) => {
  expect(() => parseCommand(bytes(text))).toThrow(/^ERR /);
});

test("the commands of a pipeline are counted, and only its own", () => {
  expect(parseCommands(bytes("[]"), 2)).toEqual([]);
  expect(() => parseCommands(bytes('[["A"],["B"],["C"]]'), 2)).toThrow("ERR the pipeline holds more than 2 commands");
  expect(parseCommands(bytes('[["A","[[["],["B"]]'), 2)).toHaveLength(2);
});
