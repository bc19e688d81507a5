import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { type Block, blocksOf, PAGES, text } from "./blocks.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const blocksOfPages = PAGES.flatMap(blocksOf);
const blocks = blocksOfPages.filter(({ language }) => language === "ts");

/**
 * Blocks as files of the repository, so that they import as tests do. What a block does not bring it declares. Deno's, Next's and
 * SvelteKit's own types aren't installed; copies of tests are compiled where they are.
 */
const files = new Map<string, Block>(
  blocks
    .filter(({ label }) => !/deno|vercel-next|sveltekit|^test\//.test(label))
    .map((block) => [`${root}docs/${block.page.replaceAll("/", "-")}-${block.line}.ts`, block]),
);
const some = blocks.find(({ code }) => code.includes("limit: 5")) as Block;
const broken: Block = { ...some, label: "broken", code: some.code.replace("limit: 5", "limit: true") };
files.set(`${root}docs/broken.ts`, broken);

/** What the compiler has to say, by block. */
function complaints(): Map<Block, string[]> {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.readFile = (path) => files.get(path)?.code ?? readFile(path);
  const program = ts.createProgram([...files.keys()], options, host);
  const found = new Map<Block, string[]>();
  for (const [path, block] of files) {
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

  test("the compiler does read it", () => {
    expect(found.get(broken)).toEqual(["Type 'boolean' is not assignable to type 'number'."]);
    expect(found.size).toBeGreaterThan(50);
  });

  test.each([...found.keys()].filter((block) => block !== broken))("$page:$line compiles", (block) => {
    expect(found.get(block)).toEqual([]);
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
