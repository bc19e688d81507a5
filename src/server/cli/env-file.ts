import { chmod, readFile, writeFile } from "node:fs/promises";
import { ExpectedError } from "../errors.ts";

/**
 * Sets variables in a file such as `.dev.vars` or `.env`, which only its owner may read from then on; its other lines
 * stay.
 * @throws {ExpectedError} if the file can't be written
 */
export async function writeEnvFile(path: string, variables: Readonly<Record<string, string>>): Promise<void> {
  const isOurs = (line: string) => Object.keys(variables).includes(/^\s*(?:export\s+)?(\w+)\s*=/.exec(line)?.[1] ?? "");
  try {
    // Before the token is in it.
    await chmod(path, 0o600).catch(ignoreMissing);
    const lines = ((await readFile(path, "utf8").catch(ignoreMissing)) ?? "").split("\n");
    const others = lines.filter((line) => !isOurs(line));
    while (others.at(-1) === "") others.pop();
    const ours = Object.entries(variables).map((each) => each.join("="));
    await writeFile(path, `${[...others, ...ours].join("\n")}\n`, { mode: 0o600 });
  } catch (error) {
    throw new ExpectedError(`can't write ${path}: ${(error as Error).message}`);
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
