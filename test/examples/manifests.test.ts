import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { repository } from "./processes.ts";

interface Manifest {
  version: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

const examples = readdirSync(`${repository}examples`, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== "demo")
  .map(({ name }) => name);

test.each(examples)("%s wants the versions that it is tested with, and this library's", (name) => {
  const text = readFileSync(`${repository}examples/${name}/package.json`, "utf8");
  const { dependencies = {}, devDependencies = {} } = JSON.parse(text) as Manifest;
  const { sluice } = dependencies;
  expect(sluice).toBe(`^${manifest.version}`);
  const tools = Object.entries({ ...dependencies, ...devDependencies }).filter(
    ([tool]) => tool in manifest.devDependencies,
  );
  expect(tools).toEqual(tools.map(([tool]) => [tool, (manifest.devDependencies as Record<string, string>)[tool]]));
});
