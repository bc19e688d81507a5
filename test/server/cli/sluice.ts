import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const CLI = fileURLToPath(new URL("../../../src/server/cli/sluice.ts", import.meta.url));
const { REDIS_URL, UPSTASH_REDIS_REST_TOKEN, UPSTASH_REDIS_REST_READONLY_TOKEN, ...CLEAN_ENV } = process.env;

/** The command `sluice` from its source, as words. */
export const SLUICE = [process.execPath, "--import", "tsx", "--", CLI] as const;

export interface RunningSluice {
  readonly child: ChildProcess;
  /** Resolves with what the two ready lines say; rejects if it ends before. */
  ready(): Promise<{ url: string; token: string }>;
  readonly ended: Promise<{ code: number; out: string; err: string }>;
  out(): string;
  err(): string;
}

/** Runs a command as this machine's user would, but without the user's own Redis and tokens. */
export function startSluice(args: readonly string[], env: Record<string, string> = {}): RunningSluice {
  return startCommand([...SLUICE, ...args], env);
}

export function startCommand([program = "", ...args]: readonly string[], env: Record<string, string>): RunningSluice {
  const child = spawn(program, args, { env: { ...CLEAN_ENV, ...env } });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  const ended = once(child, "close").then(([code]) => ({ code: code as number, out, err }));
  const ready = async () => {
    while (!out.includes("TOKEN="))
      await Promise.race([once(child.stdout, "data"), ended.then(() => Promise.reject(new Error(err)))]);
    const [, url, token] = /^UPSTASH_REDIS_REST_URL=(.+)\nUPSTASH_REDIS_REST_TOKEN=(.+)\n$/.exec(out) ?? [];
    return { url: url as string, token: token as string };
  };
  return { child, ready, ended, out: () => out, err: () => err };
}
