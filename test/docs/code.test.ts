import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { type Block, blocksOf, text } from "./blocks.ts";

const PAGES = [
  "README.md",
  "docs/algorithms.md",
  "docs/leases.md",
  "docs/recipes.md",
  "docs/comparison.md",
  "docs/deploying.md",
  "docs/migrating.md",
  "docs/from-upstash.md",
  "docs/http.md",
  "docs/client.md",
  "docs/testing.md",
  "docs/failure.md",
  "docs/in-flight.md",
  "docs/operating.md",
  "docs/rules.md",
  "docs/regions.md",
];
const root = fileURLToPath(new URL("../../", import.meta.url));
const blocksOfPages = PAGES.flatMap(blocksOf);
const blocks = blocksOfPages.filter(({ language }) => language === "ts");

/** Blocks as files of the repository, so that they import as tests do. Deno's and Next's own types aren't installed; tests are compiled where they are. */
const inMemory = new Map<string, Block>(
  blocks
    .filter(({ label }) => !/deno|vercel-next|^test\//.test(label))
    .map((block) => [`${root}docs/${block.page.replaceAll("/", "-")}-${block.line}.ts`, block]),
);

/** What the compiler has to say, by block. */
function complaints(): Map<Block, string[]> {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.fileExists = (path) => inMemory.has(path) || fileExists(path);
  host.readFile = (path) => inMemory.get(path)?.code ?? readFile(path);
  const program = ts.createProgram([...inMemory.keys()], options, host);
  const found = new Map<Block, string[]>();
  for (const [path, block] of inMemory) {
    const file = program.getSourceFile(path);
    const diagnostics = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    found.set(
      block,
      diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n")),
    );
  }
  return found;
}

describe("the code on the pages", () => {
  const found = complaints();

  test.each([...found])("%o compiles", (_block, errors) => {
    expect(errors).toEqual([]);
  });

  test("the compiler does read it", { timeout: 30_000 }, () => {
    expect(found.size).toBeGreaterThan(15);
    const [path, block] = [...inMemory][0] as [string, Block];
    inMemory.set(path, { ...block, code: block.code.replace("limit: 5", "limit: true") });
    expect([...complaints().values()].flat()).toEqual(["Type 'boolean' is not assignable to type 'number'."]);
    inMemory.set(path, block);
  });

  const copies = blocksOfPages.filter(({ label }) => /^(examples|test)\//.test(label));
  test.each(copies)("$page shows $label as it is tested", ({ label, code }) => {
    expect(code).toBe(text(label));
  });

  // Pages cut off what is wider, on phones sooner.
  test("no line of the README's is wider than 80 columns", () => {
    const lines = blocks.filter(({ page }) => page === "README.md").flatMap(({ code }) => code.split("\n"));
    expect(lines.length).toBeGreaterThan(100);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });
});

describe("the links on the pages", () => {
  test.each([...PAGES, "docs/architecture.md", "docs/at-scale.md", "examples/README.md"])("%s", (page) => {
    const links = [...text(page).matchAll(/\]\(([^)#\s]+)(#[^)]*)?\)/g)].map(([, target = ""]) => target);
    const dead = links
      .filter((target) => !/^https?:/.test(target))
      .filter((target) => !existsSync(resolve(root, dirname(page), target)));
    expect(dead).toEqual([]);
  });
});
