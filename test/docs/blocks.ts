import { readdirSync, readFileSync } from "node:fs";

/** A fenced block of a page: its language, what stands behind that, and its text. */
export interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly label: string;
  readonly code: string;
}

const root = new URL("../../", import.meta.url);

/** A file of this repository. */
export const text = (path: string) => readFileSync(new URL(path, root), "utf8");

/** The pages in docs/, but for the API reference, which is generated. */
export const DOCS = readdirSync(new URL("docs/", root))
  .filter((name) => name.endsWith(".md"))
  .map((name) => `docs/${name}`);

/** All pages that people read. */
export const PAGES = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "examples/README.md", ...DOCS];

/** The fenced blocks of a page. */
export function blocksOf(page: string): Block[] {
  const content = text(page);
  return [...content.matchAll(/^```(\w+) ?(.*)\n([\s\S]*?)^```$/gm)].map(
    ({ index, 1: language = "", 2: label = "", 3: code = "" }) => {
      return { page, line: content.slice(0, index).split("\n").length, language, label, code };
    },
  );
}

/** A page without its fenced blocks. */
export const proseOf = (page: string) => text(page).replaceAll(/^```[\s\S]*?^```$/gm, "");
