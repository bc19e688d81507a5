import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { root } from "../lib/bundle.ts";

export interface BundleSize {
  readonly what: string;
  readonly library: string;
  /** Bytes, minified. */
  readonly minified: number;
  /** Bytes, minified and gzipped at the highest level. */
  readonly gzipped: number;
}

interface Import {
  readonly what: string;
  readonly library: string;
  readonly code: string;
  readonly external?: readonly string[];
}

const SLUICE = `export { createLimiter, redisStore, slidingWindow } from "sluice";`;
const SLUICE_CLIENT = `export { upstashClient } from "sluice/upstash";`;
const UPSTASH = `export { Ratelimit } from "@upstash/ratelimit";`;
const CLIENT = `export { Redis } from "@upstash/redis/cloudflare";`;
const HONO = `export { rateLimiter, RedisStore } from "hono-rate-limiter";`;

/** What an application imports to limit rates; the client counts where the library can't do without it. */
export const IMPORTS: readonly Import[] = [
  { what: "limiter and client", library: "sluice", code: SLUICE + SLUICE_CLIENT },
  { what: "limiter and client", library: "@upstash/ratelimit", code: UPSTASH + CLIENT },
  { what: "limiter and client", library: "hono-rate-limiter", code: HONO + CLIENT },
  { what: "limiter alone", library: "sluice", code: SLUICE },
  { what: "limiter alone", library: "@upstash/ratelimit", code: UPSTASH, external: ["@upstash/redis"] },
  { what: "limiter alone", library: "hono-rate-limiter", code: HONO },
  {
    what: "memory store",
    library: "sluice",
    code: `export { createLimiter, memoryStore, slidingWindow } from "sluice";`,
  },
  { what: "Hono middleware", library: "sluice", code: `export { rateLimit, clientIp } from "sluice/hono";` },
  { what: "fetch wrapper", library: "sluice", code: `export { withRateLimit } from "sluice/fetch";` },
];

/** The import as one minified module. */
export async function bundled({ code, external = [] }: Import): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: root },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker", "browser"],
    external: ["hono", "hono/*", "unstorage", "node:*", ...external],
  });
  return outputFiles[0]?.text ?? "";
}

export async function bundleSizes(): Promise<BundleSize[]> {
  return Promise.all(
    IMPORTS.map(async ({ what, library, ...rest }) => {
      const text = await bundled({ what, library, ...rest });
      return { what, library, minified: Buffer.byteLength(text), gzipped: gzipSync(text, { level: 9 }).length };
    }),
  );
}
