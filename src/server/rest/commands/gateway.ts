import { randomBytes } from "node:crypto";
import { RestError } from "../../errors.ts";
import type { Access } from "../access/access.ts";
import { isReplyError, keyword, type Reply, type Word } from "../redis/protocol.ts";
import type { RedisLink } from "../redis/redis-link.ts";
import { refusalOf } from "./refusals.ts";
import { createScripts } from "./scripts.ts";

/** Told about each command when it is done; `error` is set if it failed. */
export type CommandObserver = (command: readonly Word[], durationMs: number, error?: Error) => void;

/** From a request's commands to Redis and back, whatever the request looked like. */
export interface Gateway {
  /** @throws ReplyError if Redis refuses the command, {@link RestError} if this server does */
  one(access: Access, command: readonly Word[]): Promise<Reply>;
  /** Each command on its own, in order; errors in their places. @throws {RestError} 503 if Redis is away */
  pipeline(access: Access, commands: readonly (readonly Word[])[]): Promise<readonly Reply[]>;
  /** All or none; run-time errors in their places. @throws as `one` does, if the transaction is discarded */
  transaction(access: Access, commands: readonly (readonly Word[])[]): Promise<readonly Reply[]>;
  /** What clients send back to read their writes: another one for each answer to commands that may have written. */
  syncToken(commands: readonly (readonly Word[])[]): string;
}

export interface GatewayOptions {
  readonly redis: RedisLink;
  /** `ACL RESTTOKEN`. */
  issueToken(args: readonly Word[]): Promise<string>;
  readonly observe?: CommandObserver | undefined;
}

/** A gateway that shares `redis`, or the connection of an ACL user, among all requests. */
export function createGateway({ redis, issueToken, observe }: GatewayOptions): Gateway {
  const scripts = createScripts();
  redis.onReconnect((send) => {
    for (const command of scripts.reload()) send(command).catch(() => {});
  });
  const origin = randomBytes(6).toString("base64url");
  let writes = 0;

  const check = (access: Access, command: readonly Word[]) => {
    const refusal = refusalOf(command, access.readOnly, redis.table());
    if (refusal) throw refusal;
  };
  const send = async (access: Access, command: readonly Word[]): Promise<Reply> => {
    check(access, command);
    const name = `${keyword(command[0])} ${keyword(command[1])}`;
    if (name === "ACL RESTTOKEN" && access.isOwner) return Buffer.from(await issueToken(command.slice(2)));
    // A busy script keeps the shared connection waiting; only another one can end it.
    if (/^(SCRIPT|FUNCTION) KILL$/.test(name)) return aside(access.redis, command);
    return scripts.fromRedis(command, await access.redis.send(scripts.toRedis(command)));
  };
  const observed = async <T>(commands: readonly (readonly Word[])[], work: () => Promise<T>): Promise<T> => {
    if (!observe) return work();
    const startMs = performance.now();
    const tell = (error?: Error) => {
      for (const command of commands) observe(command, performance.now() - startMs, error);
    };
    return work().then(
      (result) => {
        tell();
        return result;
      },
      (error: Error) => {
        tell(error);
        throw error;
      },
    );
  };
  const one = (access: Access, command: readonly Word[]) => observed([command], () => send(access, command));
  return {
    one,
    async pipeline(access, commands) {
      const replies = await Promise.all(commands.map((command) => one(access, command).catch(toItem)));
      if (replies.length > 0 && replies.every((reply) => reply instanceof RestError && reply.status === 503)) {
        throw replies[0];
      }
      return replies;
    },
    async transaction(access, commands) {
      if (commands.length === 0) return [];
      for (const command of commands) check(access, command);
      const replies = await observed(commands, () => access.redis.transaction(commands.map(scripts.toRedis)));
      return replies.map((reply, index) => scripts.fromRedis(commands[index] as readonly Word[], reply));
    },
    syncToken(commands) {
      if (commands.some((command) => redis.table().mayWrite(command))) writes += 1;
      return `${origin}.${writes.toString(36)}`;
    },
  };
}

async function aside(redis: RedisLink, command: readonly Word[]): Promise<Reply> {
  const connection = await redis.connection();
  return connection.sendCommand<Reply>([...command]).finally(() => connection.destroy());
}

function toItem(error: unknown): Error {
  if (isReplyError(error) || error instanceof RestError) return error;
  throw error;
}
