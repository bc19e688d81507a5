import { expect, test } from "vitest";
import { createCommandTable } from "../../../../src/server/rest/commands/table.ts";

/** Entries of `COMMAND` as Redis 6.2 has them: no subcommands, and fewer flags. */
function redis62() {
  const table = createCommandTable();
  table.learn([
    ["get", "2", ["readonly", "fast"], "1", "1", "1", ["@read", "@string", "@fast"]],
    ["blpop", "-3", ["write", "noscript"], "1", "-2", "1", ["@write", "@list", "@slow", "@blocking"]],
    ["client", "-2", ["admin", "noscript"], "0", "0", "0", ["@admin", "@slow", "@dangerous", "@connection"]],
    ["script", "-2", ["noscript", "may_replicate"], "0", "0", "0", ["@slow", "@scripting"]],
    ["debug", "-2", ["admin", "noscript"], "0", "0", "0", ["@admin", "@slow", "@dangerous"]],
    ["evalsha", "-3", ["noscript", "movablekeys"], "0", "0", "0", ["@slow", "@scripting"]],
    ["xread", "-4", ["readonly", "movablekeys"], "1", "1", "1", ["@read", "@stream", "@slow", "@blocking"]],
  ]);
  return table;
}

test("the table of an older Redis refuses the same", () => {
  const { refusalOf } = redis62();
  for (const command of [
    ["BLPOP", "a", "0"],
    ["client", "pause", "1"],
    ["SCRIPT", "debug", "yes"],
    ["DEBUG", "SLEEP", "1"],
    ["QUIT"],
    ["WAIT", "1", "0"],
    ["READONLY"],
    ["XREAD", "BLOCK", "0", "STREAMS", "s", "$"],
  ]) {
    expect(refusalOf(command, false)?.message).toMatch(/^ERR Command is not available: /);
  }
  for (const command of [["GET", "a"], ["SCRIPT", "LOAD", "x"], ["NOSUCH"], ["XREAD", "STREAMS", "BLOCK", "0"], []]) {
    expect(refusalOf(command, false)).toBeUndefined();
  }
});

test("an empty table still refuses what is always refused", () => {
  const { refusalOf } = createCommandTable();
  expect(refusalOf(["SCRIPT", "DEBUG", "YES"], false)?.status).toBe(400);
  expect(refusalOf(["POST"], false)?.status).toBe(400);
  expect(refusalOf(["GET", "a"], true)?.message).toMatch(/^NOPERM /);
});

test("the first key is found where each command has it", () => {
  const { firstKey } = redis62();
  expect(firstKey(["GET", "a"])).toBe("a");
  expect(firstKey(["EVALSHA", "sha", "2", "a", "b", "arg"])).toBe("a");
  expect(firstKey(["EVALSHA", "sha", "0", "arg"])).toBeUndefined();
  expect(firstKey(["NOSUCH"])).toBeUndefined();
});
