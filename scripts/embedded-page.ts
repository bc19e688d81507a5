import { readdirSync, readFileSync } from "node:fs";

const folder = new URL("../src/dashboard/page/", import.meta.url);

/** The file that holds the dashboard's page as constants, since a Worker has no files. */
export const embeddedPageFile = new URL("../src/dashboard/assets.ts", import.meta.url);

export function embeddedPage(): string {
  const files = readdirSync(folder).sort();
  const entries = files.map(
    (name) => `  ${JSON.stringify(name)}: ${JSON.stringify(readFileSync(new URL(name, folder), "utf8"))},`,
  );
  return `// Generated from the files in page/ by "npm run scripts". Don't edit.

/** The page's files by name. */
export const assets: Readonly<Record<string, string>> = {
${entries.join("\n")}
};
`;
}
