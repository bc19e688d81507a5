import { readFile, writeFile } from "node:fs/promises";
import { ExpectedError } from "../errors.ts";

/**
 * Sets variables in a file such as `.dev.vars` or `.env`, which only its owner may read; its other lines stay.
 * @throws {ExpectedError} if the file can't be written
 */
export async function writeEnvFile(path: string, variables: Readonly<Record<string, string>>): Promise<void> {
  try {
    const lines = (await readFile(path, "utf8").catch(ignoreMissing)).split("\n");
    const others = lines.filter((line) => !Object.keys(variables).some((name) => isAbout(name, line)));
    while (others.at(-1) === "") others.pop();
    const ours = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
    await writeFile(path, `${[...others, ...ours].join("\n")}\n`, { mode: 0o600 });
  } catch (error) {
    throw new ExpectedError(`can't write ${path}: ${(error as Error).message}`);
  }
}

function isAbout(name: string, line: string): boolean {
  return new RegExp(`^\\s*(export\\s+)?${name}\\s*=`).test(line);
}

function ignoreMissing(error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT") return "";
  throw error;
}
