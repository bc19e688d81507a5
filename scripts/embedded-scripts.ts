import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { withSections } from "./lua-sections.ts";
import { shortenLua } from "./shorten-lua.ts";

/** A folder of .lua files, and what its file of constants begins with. */
export interface ScriptFolder {
  readonly path: string;
  readonly head: string;
}

// Upstash takes a lock per key instead of one for all keys where the first line says so; stock Redis refuses the flag.
const FLAGS = "#!lua flags=allow-key-locking";

/** Scripts of the algorithms that are another one with its sections of these names: see lua-sections.ts. */
const VARIANTS: Readonly<Record<string, { readonly of: string; readonly sections: readonly string[] }>> = {
  "key-set-windows.lua": { of: "key-set.lua", sections: ["windows"] },
  "key-set-holds.lua": { of: "key-set.lua", sections: ["windows", "holds"] },
  "key-set-strikes.lua": { of: "key-set.lua", sections: ["windows", "holds", "strikes"] },
  "grants-strikes.lua": { of: "grants.lua", sections: ["strikes"] },
  "grants-windows.lua": { of: "grants.lua", sections: ["strikes", "windows"] },
};

/**
 * The order of those of the algorithms; others come first. Compression looks back 32 kB at most, so what they have in common counts once where
 * they stand near each other. Found by trying; in the order of the names, everything imported is 200 bytes longer.
 */
const ORDER: readonly string[] = [
  "token-bucket.lua",
  "fixed-window.lua",
  "calendar-window.lua",
  "sliding-log.lua",
  "sliding-parts.lua",
  "key-set-holds.lua",
  "policy-set.lua",
  "sliding-window.lua",
  "in-flight.lua",
  "key-set-windows.lua",
  "key-set-strikes.lua",
  "key-set.lua",
  "grants.lua",
  "grants-strikes.lua",
  "grants-windows.lua",
];

const ALGORITHMS: ScriptFolder = {
  path: "src/algorithm",
  head: `/** A Lua script and the digests that Redis knows it by. */
export interface Script {
  /** The text without the flags line. */
  readonly text: string;
  readonly sha1: string;
  /** The digest of the text behind the flags line. */
  readonly flaggedSha1: string;
}

/** The first line that lets Upstash lock keys instead of everything. */
export const FLAGS = ${JSON.stringify(FLAGS)};
`,
};

/** Where there are .lua files. Each folder has names of its own in its scripts, so that a change in one leaves the others alone. */
export const SCRIPT_FOLDERS: readonly ScriptFolder[] = [
  ALGORITHMS,
  { path: "src/limiter/described", head: 'import type { Script } from "../../algorithm/scripts.ts";\n' },
  { path: "src/observe/analytics", head: 'import type { Script } from "../../algorithm/scripts.ts";\n' },
  { path: "src/compat/upstash-ratelimit", head: 'import type { Script } from "../../algorithm/scripts.ts";\n' },
  { path: "src/rules", head: 'import type { Script } from "../algorithm/scripts.ts";\n' },
];

const urlOf = ({ path }: ScriptFolder, file: string) => new URL(`../${path}/${file}`, import.meta.url);

/** The file that holds a folder's .lua files as constants. */
export const embeddedScriptsFile = (folder = ALGORITHMS) => urlOf(folder, "scripts.ts");

/**
 * A .lua file as it is written, with its parts included, its folder's own or those of the algorithms or a whole algorithm, or such
 * a variant. Throws where its sections are no sections.
 */
export function scriptSource(file: string, folder = ALGORITHMS): string {
  const { of = file, sections = [] } = VARIANTS[file] ?? {};
  const source = withSections(of, readFileSync(urlOf(folder, of), "utf8"), sections);
  return source.replace(/^ *-- @include (.+)$/gm, (_line, part: string) => {
    const path = `lua/${part}.lua`;
    if (existsSync(urlOf(folder, path))) return scriptSource(path, folder);
    return scriptSource(existsSync(urlOf(ALGORITHMS, path)) ? path : `${part}.lua`, ALGORITHMS);
  });
}

/** The folder that a .lua file is in. */
export function folderOf(file: string): ScriptFolder {
  const { of = file } = VARIANTS[file] ?? {};
  const found = SCRIPT_FOLDERS.find((folder) => existsSync(urlOf(folder, of)));
  if (!found) throw new Error(`no folder of scripts has ${file}`);
  return found;
}

/** What Redis gets of a script: without comments and without spaces around operators. */
export function scriptText(source: string): string {
  return source
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("--"))
    .map((line) => line.replace(/ ?([-+*/%<>=~,(){}]+) ?/g, "$1"))
    .join("\n");
}

const sha1 = (text: string) => createHash("sha1").update(text).digest("hex");

/** The content of that file; with `sources`, other scripts than those written stand for the files they name. */
export function embeddedScripts(sources: Readonly<Record<string, string>> = {}, folder = ALGORITHMS): string {
  const variants = folder === ALGORITHMS ? Object.keys(VARIANTS) : [];
  const names = [...readdirSync(urlOf(folder, "")).filter((name) => name.endsWith(".lua")), ...variants].sort();
  const files = names.toSorted((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b));
  const texts = shortenLua(files.map((name) => scriptText(sources[name] ?? scriptSource(name, folder))));
  const scripts = files.map((name, i) => {
    const text = texts[i] as string;
    const constant = name.slice(0, -".lua".length).replace(/-(.)/g, (_dash, letter: string) => letter.toUpperCase());
    return `/** ${name} */
export const ${constant}: Script = {
  text: ${JSON.stringify(text)},
  sha1: ${JSON.stringify(sha1(text))},
  flaggedSha1: ${JSON.stringify(sha1(`${FLAGS}\n${text}`))},
};
`;
  });
  return `// Generated from the .lua files in this folder by "npm run scripts". Don't edit.

${folder.head}
${scripts.join("\n")}`;
}
