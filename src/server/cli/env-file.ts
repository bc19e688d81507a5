import { chmod, readFile, writeFile } from "node:fs/promises";
import { ExpectedError } from "../errors.ts";

/**
 * Sets variables, as lines `NAME=value`, in a file such as `.dev.vars` or `.env`, which only its owner may read from then
 * on; its other lines stay.
 * @throws {ExpectedError} if the file can't be written
 */
export async function writeEnvFile(path: string, lines: readonly string[]): Promise<void> {
  const nameOf = (line: string) => /^\s*(?:export\s+)?(\w+)\s*=/.exec(line)?.[1];
  const names = lines.map(nameOf);
  const ignoreMissing = ({ code, message }: NodeJS.ErrnoException) => {
    if (code !== "ENOENT") throw new ExpectedError(`can't write ${path}: ${message}`);
  };
  // Before the token is in it.
  await chmod(path, 0o600).catch(ignoreMissing);
  const text = (await readFile(path, "utf8").catch(ignoreMissing)) ?? "";
  const others = text.split("\n").filter((line) => line !== "" && !names.includes(nameOf(line)));
  await writeFile(path, `${[...others, ...lines].join("\n")}\n`, { mode: 0o600 }).catch((error: Error) => {
    throw new ExpectedError(`can't write ${path}: ${error.message}`);
  });
}
