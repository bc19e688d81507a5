// Writes docs/api, the reference, from the doc comments. `--check` only compares, for continuous integration. The pages are
// committed so that they can be read where the code is, and so that a change of what is public shows in its diff.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const target = join(root, "docs/api");

function generate(folder: string): void {
  const typedoc = join(root, "node_modules/typedoc/bin/typedoc");
  execFileSync(process.execPath, [typedoc, "--logLevel", "Warn", "--out", folder], { cwd: root, stdio: "inherit" });
}

function pagesOf(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md"));
  return new Map(names.sort().map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

if (process.argv.includes("--check")) {
  const fresh = mkdtempSync(join(tmpdir(), "sluice-api-"));
  try {
    generate(fresh);
    if (JSON.stringify([...pagesOf(fresh)]) !== JSON.stringify([...pagesOf(target)])) {
      console.error("docs/api doesn't match the doc comments. Mend it with: npm run docs:api");
      process.exitCode = 1;
    }
  } finally {
    rmSync(fresh, { recursive: true });
  }
} else {
  generate(target);
}
