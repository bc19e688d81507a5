import { Command, Redis } from "ioredis";
import { ExpectedError, RestError } from "./errors.ts";
import { isReplyError, type Reply } from "./reply.ts";

/** A command's word: what came as text, or bytes that are no text. */
export type Word = string | Buffer;

/** The way to Redis: one connection that all requests share, pipelined. */
export interface RedisLink {
  /**
   * Sends one command and gives the reply as Redis sent it. A command is never sent twice.
   * @throws ReplyError for Redis's own errors, {@link RestError} 503 if Redis can't be reached
   */
  send(command: readonly Word[]): Promise<Reply>;
  /** True while commands can be sent. */
  isReady(): boolean;
  /** Waits for answers under way, then disconnects. */
  close(): Promise<void>;
}

const UNREACHABLE = "UNAVAILABLE Redis can't be reached at the moment, try again";

/**
 * Connects to Redis and, when the connection breaks later, reconnects for as long as the link is open.
 * @param url `redis://[user:password@]host[:port][/db]`, or `rediss://` for TLS
 * @throws {ExpectedError} if the first connection fails; its text holds no password
 */
export async function connectRedis(url: string): Promise<RedisLink> {
  const redis = new Redis(url, {
    lazyConnect: true,
    // Someone waits for each answer now; and a command sent again after a lost answer would count twice.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(50 * attempt, 1000),
    connectTimeout: 5000,
    disableClientInfo: true,
    stringNumbers: true,
  });
  let trouble = "";
  redis.on("error", (error: Error) => {
    trouble = error.message;
  });
  await redis.connect().catch((error: Error) => {
    redis.disconnect();
    throw new ExpectedError(`can't use Redis at ${withoutPassword(url)}: ${trouble || error.message}`);
  });
  return {
    send: (command) => send(redis, command),
    isReady: () => redis.status === "ready",
    async close() {
      if (redis.status === "ready") await redis.quit().catch(() => {});
      redis.disconnect();
    },
  };
}

async function send(redis: Redis, [name, ...args]: readonly Word[]): Promise<Reply> {
  try {
    // In upper case, because ioredis rewrites arguments and replies of some commands by their lower-case names.
    const command = new Command(String(name).toUpperCase(), args, { replyEncoding: null });
    return (await redis.sendCommand(command)) as Reply;
  } catch (error) {
    throw isReplyError(error) ? error : new RestError(503, UNREACHABLE);
  }
}

/** The URL as it may be shown. */
export function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/, "//***@");
}
