// Embeds the .lua files in src/algorithm/scripts.ts, each with its SHA-1. `--check` only compares, for continuous
// integration.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

const folder = new URL("../src/algorithm/", import.meta.url);
const target = new URL("scripts.ts", folder);

// Upstash takes a lock per key instead of one for all keys where the first line says so; stock Redis refuses the flag.
const FLAGS = "#!lua flags=allow-key-locking";

function source(name: string): string {
  return readFileSync(new URL(name, folder), "utf8")
    .replace(/^ *-- @include (.+)$/gm, (_line, part: string) => source(`lua/${part}.lua`))
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("--"))
    .join("\n");
}

const sha1 = (text: string) => createHash("sha1").update(text).digest("hex");

const scripts = readdirSync(folder)
  .filter((name) => name.endsWith(".lua"))
  .sort()
  .map((name) => {
    const text = source(name);
    const constant = name.slice(0, -".lua".length).replace(/-(.)/g, (_dash, letter: string) => letter.toUpperCase());
    return `/** ${name} */
export const ${constant}: Script = {
  text: ${JSON.stringify(text)},
  sha1: ${JSON.stringify(sha1(text))},
  flaggedSha1: ${JSON.stringify(sha1(`${FLAGS}\n${text}`))},
};
`;
  });

const generated = `// Generated from the .lua files in this folder by "npm run scripts". Don't edit.

/** A Lua script and the digests that Redis knows it by. */
export interface Script {
  /** The text without the flags line. */
  readonly text: string;
  readonly sha1: string;
  /** The digest of the text behind the flags line. */
  readonly flaggedSha1: string;
}

/** The first line that lets Upstash lock keys instead of everything. */
export const FLAGS = ${JSON.stringify(FLAGS)};

${scripts.join("\n")}`;

if (process.argv.includes("--check")) {
  if (readFileSync(target, "utf8") !== generated) {
    console.error("src/algorithm/scripts.ts doesn't match the .lua files. Mend it with: npm run scripts");
    process.exit(1);
  }
} else {
  writeFileSync(target, generated);
}
