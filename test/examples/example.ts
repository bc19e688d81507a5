import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { Redis } from "@upstash/redis";
import { inject } from "vitest";
import { freePort } from "../support/free-port.ts";
import { repository, run, type Server, serves, start } from "./processes.ts";

/** An example in a folder of its own, as a user has it, with a Redis of its own. */
export interface Example {
  readonly folder: string;
  /** Knows the Redis behind the example. */
  readonly redis: Redis;
  /** Where its Redis is, as in its `.env`. */
  readonly environment: Record<string, string>;
  /** Starts one of its programs on a free port, with a second one if it wants it, and waits until it serves. */
  serve(
    command: (port: number, second: number) => readonly [string, ...string[]],
    env?: Record<string, string>,
  ): Promise<string>;
  /** Ends everything that was started and removes the folder. */
  end(): Promise<void>;
}

/** A copy of `examples/<name>` with the packed library and the example's own dependencies installed. */
export async function exampleOf(name: string, { dev = false } = {}): Promise<Example> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-example-"));
  await cp(join(repository, "examples", name), folder, { recursive: true });
  await readFile(join(folder, "package.json"), "utf8").then((text) => {
    const manifest = JSON.parse(text);
    manifest.dependencies.sluice = `file:${inject("tarball")}`;
    return writeFile(join(folder, "package.json"), JSON.stringify(manifest));
  });
  const what = ["--prefer-offline", "--no-audit", "--no-fund", "--no-package-lock", ...(dev ? [] : ["--omit=dev"])];
  await run("npm", ["install", ...what], folder);
  return withRedis(folder);
}

async function withRedis(folder: string): Promise<Example> {
  const running: Server[] = [];
  const end = async () => {
    for (let server = running.pop(); server; server = running.pop()) await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    // What every example's `npm run redis` runs, but on a free port.
    const command = [join(folder, "node_modules/.bin/sluice"), "redis-rest", "--install", "--port", "0"] as const;
    const rest = await start(command, folder, {}, (log) => /TOKEN=.+\n/.test(log));
    running.push(rest);
    const lines = rest.log().match(/^UPSTASH_.+$/gm) as string[];
    await writeFile(join(folder, ".env"), `${lines.join("\n")}\n`);
    const environment = parseEnv(lines.join("\n")) as Record<string, string>;
    const { UPSTASH_REDIS_REST_URL: url = "", UPSTASH_REDIS_REST_TOKEN: token = "" } = environment;
    return {
      folder,
      environment,
      redis: new Redis({ url, token, enableTelemetry: false }),
      async serve(command, env = {}) {
        const port = await freePort();
        // What other makers' programs leave in the temporary folder goes with the example.
        const own = { PORT: `${port}`, TMPDIR: folder, ...env };
        const words = command(port, await freePort());
        running.push(await start(words, folder, own, serves(words.join(" "), port)));
        return `http://127.0.0.1:${port}`;
      },
      end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}
