import { randomUUID } from "node:crypto";
import { readFile, realpath, rename, rm, writeFile } from "node:fs/promises";
import { ExpectedError } from "../errors.ts";

/**
 * Sets variables, as lines `NAME=value`, in a file such as `.dev.vars` or `.env`, which only its owner may read from then
 * on; its other lines stay. Who reads it finds all of the old file or all of the new one.
 * @throws {ExpectedError} if the file can't be written
 */
export async function writeEnvFile(path: string, lines: readonly string[]): Promise<void> {
  const nameOf = (line: string) => /^\s*(?:export\s+)?(\w+)\s*=/.exec(line)?.[1];
  const names = lines.map(nameOf);
  // What a link leads to is written, not the link.
  const file = await realpath(path).catch(() => path);
  const draft = `${file}.${randomUUID()}`;
  try {
    const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "";
      throw error;
    });
    const others = text.split("\n").filter((line) => line !== "" && !names.includes(nameOf(line)));
    await writeFile(draft, `${[...others, ...lines].join("\n")}\n`, { mode: 0o600 });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw new ExpectedError(`can't write ${path}: ${(error as Error).message}`);
  }
}
