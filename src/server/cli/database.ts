import { existsSync } from "node:fs";
import { Option } from "@commander-js/extra-typings";
import type { RedisClient } from "../../store/redis-client.ts";
import { upstashClient } from "../../store/upstash.ts";
import { ExpectedError } from "../errors.ts";

const NAMES = ["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"] as const;

/** For the help of the commands that use it. */
export const DATABASE = `The database is that of UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN, from the environment
or from .env in this folder.`;

/** The option that says which part of a database is meant. */
export const namespaceOption = () =>
  new Option("--namespace <name>", "that of the limiters' rules, if they have one").env("SLUICE_NAMESPACE");

/**
 * A client for the database that the environment names, or else the file `.env` in this folder.
 * @throws {ExpectedError} if neither does
 */
export function databaseOfEnvironment(): RedisClient {
  // What is set in the environment stays.
  if (NAMES.some((name) => !process.env[name]) && existsSync(".env")) process.loadEnvFile(".env");
  const [url, token] = NAMES.map((name) => process.env[name]);
  if (!url || !token) {
    throw new ExpectedError(`${NAMES.join(" and ")} must be set, in the environment or in .env in this folder`);
  }
  try {
    return upstashClient({ url, token });
  } catch (error) {
    throw new ExpectedError(
      `UPSTASH_REDIS_REST_${(error as Error).message.replace(/^\w+/, (name) => name.toUpperCase())}`,
    );
  }
}
