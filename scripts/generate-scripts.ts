// Embeds the .lua files in src/algorithm/scripts.ts, each with its SHA-1. `--check` only compares, for continuous
// integration.
import { readFileSync, writeFileSync } from "node:fs";
import { embeddedScripts, embeddedScriptsFile } from "./embedded-scripts.ts";

const generated = embeddedScripts();

if (process.argv.includes("--check")) {
  if (readFileSync(embeddedScriptsFile, "utf8") !== generated) {
    console.error("src/algorithm/scripts.ts doesn't match the .lua files. Mend it with: npm run scripts");
    process.exit(1);
  }
} else {
  writeFileSync(embeddedScriptsFile, generated);
}
