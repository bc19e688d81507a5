// Embeds the .lua files of each folder in its scripts.ts, each with its SHA-1, and the dashboard's page in assets.ts. `--check`
// only compares, for continuous integration.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { embeddedPage, embeddedPageFile } from "./embedded-page.ts";
import { embeddedScripts, embeddedScriptsFile, SCRIPT_FOLDERS } from "./embedded-scripts.ts";

const check = process.argv.includes("--check");
const files = [
  ...SCRIPT_FOLDERS.map((folder) => ({ file: embeddedScriptsFile(folder), generated: embeddedScripts({}, folder) })),
  { file: embeddedPageFile, generated: embeddedPage() },
];

for (const { file, generated } of files) {
  if (!check) writeFileSync(file, generated);
  else if (!existsSync(file) || readFileSync(file, "utf8") !== generated) {
    console.error(`${fileURLToPath(file)} doesn't match what it is made of. Mend it with: npm run scripts`);
    process.exitCode = 1;
  }
}
