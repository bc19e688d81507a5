// Embeds the .lua files of each folder in its scripts.ts, each with its SHA-1. `--check` only compares, for continuous
// integration.
import { readFileSync, writeFileSync } from "node:fs";
import { embeddedScripts, embeddedScriptsFile, SCRIPT_FOLDERS } from "./embedded-scripts.ts";

const check = process.argv.includes("--check");

for (const folder of SCRIPT_FOLDERS) {
  const file = embeddedScriptsFile(folder);
  const generated = embeddedScripts({}, folder);
  if (!check) writeFileSync(file, generated);
  else if (readFileSync(file, "utf8") !== generated) {
    console.error(`${folder.path}/scripts.ts doesn't match the .lua files. Mend it with: npm run scripts`);
    process.exitCode = 1;
  }
}
