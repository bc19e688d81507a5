import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FAULTS } from "../support/faults.ts";

const here = new URL(".", import.meta.url);
const page = readFileSync(new URL("../../docs/failure.md", here), "utf8");

/** The names in the last cell of each row of the tables below the heading. */
const named = page
  .slice(page.indexOf("## What happens when"))
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| ---") && !line.startsWith("| what "))
  .map((line) => [...(line.split("|").at(-2) ?? "").matchAll(/`([^`]+)`/g)].map(([, name]) => name as string));

test("every row of docs/failure.md names tests that exist", () => {
  const sources = readdirSync(here)
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => readFileSync(new URL(file, here), "utf8"));
  // A name in a table of cases ends where the case's own name begins.
  const literal = sources.flatMap((source) =>
    [...source.matchAll(/(?:\btest|\))\(\s*"((?:[^"\\]|\\.)+)"/g)].map(([, name]) =>
      (name as string).replace(/: %s$/, ""),
    ),
  );
  const names = new Set([...literal, ...FAULTS.map(({ name }) => name)]);
  expect(named.length).toBeGreaterThan(50);
  for (const row of named) expect(row.length).toBeGreaterThan(0);
  expect(named.flat().filter((name) => !names.has(name))).toEqual([]);
});

test("every fault that the tests do has its row in docs/failure.md", () => {
  const documented = new Set(named.flat());
  expect(FAULTS.map(({ name }) => name).filter((name) => !documented.has(name))).toEqual([]);
});
