import { existsSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { describe, expect, test } from "vitest";
import { dashboardCommand } from "../../src/server/cli/dashboard.ts";
import { redisRestCommand } from "../../src/server/cli/redis-rest.ts";
import { rulesCommand } from "../../src/server/cli/rules/rules.ts";
import { blocksOf, DOCS, PAGES, proseOf, text } from "./blocks.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const apiPages = readdirSync(`${root}docs/api`, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md"))
  .map((name) => `docs/api/${name}`);

/** Where a link of a page may lead: the headings, as GitHub names them, and the named places. */
function anchorsOf(page: string): Set<string> {
  const content = proseOf(page);
  const anchors = new Set<string>();
  for (const [, heading = ""] of content.matchAll(/^#+ (.+)$/gm)) {
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll("\\", "");
    const slug = words
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(/\s/g, "-");
    let name = slug;
    for (let count = 1; anchors.has(name); count += 1) name = `${slug}-${count}`;
    anchors.add(name);
  }
  for (const [, id = ""] of content.matchAll(/<a id="([^"]+)">/g)) anchors.add(id);
  return anchors;
}

/** The links of a page to files of this repository, pictures too. */
function linksOf(page: string): { target: string; anchor: string }[] {
  const content = proseOf(page).replaceAll(/`[^`\n]*`/g, "");
  const links = [...content.matchAll(/\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"/g)].map(
    ([, inText, inTag]) => inText ?? inTag ?? "",
  );
  return links
    .filter((link) => !/^\w+:/.test(link))
    .map((link) => {
      const [path = "", anchor = ""] = link.split("#");
      return { target: path === "" ? page : relative(root, join(root, dirname(page), path)), anchor };
    });
}

describe("links", () => {
  const anchors = new Map<string, Set<string>>();
  function leads({ target, anchor }: { target: string; anchor: string }): boolean {
    if (!existsSync(root + target)) return false;
    if (anchor === "") return true;
    const known = anchors.get(target) ?? anchorsOf(target);
    anchors.set(target, known);
    return known.has(anchor);
  }

  test.each([...PAGES, ...apiPages])("%s leads somewhere", (page) => {
    expect(linksOf(page).filter((link) => !leads(link))).toEqual([]);
  });

  test("the list of the docs leads to each page of them", () => {
    const listed = linksOf("docs/README.md").map(({ target }) => target);
    expect(DOCS.filter((page) => page !== "docs/README.md" && !listed.includes(page))).toEqual([]);
    expect(listed).toContain("docs/api/README.md");
  });

  test("each picture in docs/ is shown by a page", () => {
    const pictures = readdirSync(`${root}docs`).filter((name) => /\.(png|svg)$/.test(name));
    const shown = new Set(PAGES.flatMap(linksOf).map(({ target }) => target));
    expect(pictures.filter((name) => !shown.has(`docs/${name}`))).toEqual([]);
  });
});

test.each(DOCS)("%s says first what it is for", (page) => {
  const [title = "", , first = ""] = text(page).split("\n");
  expect(title).toMatch(/^# \S/);
  expect(first).toMatch(/^[\p{L}`[]/u);
});

describe("the API reference", () => {
  test("has a page for each import, under its name", () => {
    const { exports } = JSON.parse(text("package.json")) as { exports: Record<string, unknown> };
    const imports = Object.keys(exports)
      .filter((path) => path !== "./package.json")
      .map((path) => join("sluice", path));
    const modules = [...text("docs/api/README.md").matchAll(/^- \[([^\]]+)\]/gm)].map(([, name]) => name);
    expect(modules.sort()).toEqual(imports.sort());
  });

  test("shows neither names that nobody gave nor the platform's own", () => {
    const all = apiPages.map(text).join("\n");
    expect(all.match(/__\w+|captureStackTrace|stackTraceLimit|prepareStackTrace/g)).toBeNull();
  });
});

describe("commands", () => {
  const { scripts } = JSON.parse(text("package.json")) as { scripts: Record<string, string> };
  const shown = (pattern: RegExp) =>
    PAGES.filter((page) => page !== "CHANGELOG.md").flatMap((page) =>
      [...text(page).matchAll(pattern)].map(([, words = ""]) => ({ page, words })),
    );

  test.each(shown(/npm run (?:-s )?([a-z:-]*[a-z])/g))("npm run $words, on $page", ({ words }) => {
    expect(Object.keys(scripts)).toContain(words);
  });

  const commands = new Map(
    [redisRestCommand(), rulesCommand(), dashboardCommand()].map((command) => [command.name(), command]),
  );
  const lines = shown(/npx sluice ([^\n`]+)/g);

  test("are found", () => expect(lines.length).toBeGreaterThan(10));

  test.each(lines)("npx sluice $words, on $page", ({ words }) => {
    const [own = ""] = words.split(/ (?:--|#) /);
    const [name = "", ...rest] = own.replaceAll(/"[^"]*"/g, "text").split(/\s+/);
    let command: CommandUnknownOpts | undefined = commands.get(name);
    if (command?.commands.length && rest.length > 0) {
      command = command.commands.find((sub) => sub.name() === rest[0]);
    }
    expect(command).toBeDefined();
    const known = command?.options.flatMap(({ long, short }) => [long, short]) ?? [];
    for (const flag of rest.filter((word) => word.startsWith("-"))) expect(known).toContain(flag.split("=")[0]);
  });
});

test("no block of code is wider than a page of GitHub shows", () => {
  const wide = PAGES.flatMap(blocksOf)
    .filter(({ label }) => label === "")
    .flatMap(({ page, line, code }) => code.split("\n").map((row, k) => ({ at: `${page}:${line + 1 + k}`, row })))
    .filter(({ row }) => row.length > 130);
  expect(wide).toEqual([]);
});
