import { randomBytes } from "node:crypto";
import { RestError } from "../../errors.ts";
import type { Access } from "../access/access.ts";
import type { RedisLink } from "../redis/redis-link.ts";
import { isReplyError, type Reply } from "../redis/reply.ts";
import type { Word } from "../redis/word.ts";
import { refusalOf } from "./refusals.ts";
import { createScriptTexts } from "./script-texts.ts";

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
  /** Changes with every command that may have written; clients send it back to read their writes. */
  syncToken(): string;
}

export interface GatewayOptions {
  readonly redis: RedisLink;
  /** `ACL RESTTOKEN`. */
  issueToken(args: readonly Word[]): Promise<string>;
  readonly observe?: CommandObserver | undefined;
}

const KILLS = /^(SCRIPT|FUNCTION) KILL$/i;
const SPECIAL = /^(ACL|SCRIPT|FUNCTION)$/i;

export function createGateway({ redis, issueToken, observe }: GatewayOptions): Gateway {
  const scripts = createScriptTexts();
  redis.onReconnect(() => {
    for (const command of scripts.reload()) redis.send(command).catch(() => {});
  });
  const origin = randomBytes(6).toString("base64url");
  let writes = 0;

  const check = (access: Access, command: readonly Word[]) => {
    const refusal = refusalOf(command, access.readOnly, access.redis.table);
    if (refusal) throw refusal;
  };
  const noteWrites = (access: Access, commands: readonly (readonly Word[])[]) => {
    if (commands.some(access.redis.table().mayWrite)) writes += 1;
  };
  const send = (access: Access, words: readonly Word[]): Promise<Reply> => {
    check(access, words);
    const special = specialOf(access, words);
    if (special) return special;
    const { command, onReply } = scripts.translate(words);
    noteWrites(access, [words]);
    const reply = access.redis.send(command);
    return onReply ? reply.then(onReply) : reply;
  };
  const specialOf = (access: Access, words: readonly Word[]): Promise<Reply> | undefined => {
    if (words.length < 2 || !SPECIAL.test(String(words[0]))) return undefined;
    const name = `${words[0]} ${words[1]}`.toUpperCase();
    if (name === "ACL RESTTOKEN" && access.isOwner)
      return issueToken(words.slice(2)).then((token) => Buffer.from(token));
    // A busy script keeps the shared connection waiting; only another one can end it.
    return KILLS.test(name) ? aside(access, words) : undefined;
  };
  const one = observe ? observed(send, observe) : send;
  const pipeline = async (access: Access, commands: readonly (readonly Word[])[]): Promise<readonly Reply[]> => {
    // One by one if each is observed, and if one of them does not go to Redis as it came.
    if (observe || commands.some((words) => isOutOfLine(access, words))) {
      return Promise.all(commands.map(async (words) => one(access, words)).map((each) => each.catch(toError)));
    }
    const translated = commands.map(scripts.translate);
    noteWrites(access, commands);
    const replies = await access.redis.sendAll(translated.map(({ command }) => command));
    return replies.map((reply, index) => translated[index]?.onReply?.(reply) ?? reply);
  };
  const isOutOfLine = (access: Access, words: readonly Word[]) =>
    refusalOf(words, access.readOnly, access.redis.table) !== undefined || SPECIAL.test(String(words[0]));
  return {
    one,
    async pipeline(access, commands) {
      const outcomes = await pipeline(access, commands);
      if (outcomes.length > 0 && outcomes.every(isUnavailable)) throw outcomes[0];
      return outcomes;
    },
    async transaction(access, commands) {
      if (commands.length === 0) return [];
      for (const words of commands) check(access, words);
      const translated = commands.map(scripts.translate);
      noteWrites(access, commands);
      const startMs = performance.now();
      const replies = await access.redis.transaction(translated.map(({ command }) => command));
      for (const words of observe ? commands : []) observe?.(words, performance.now() - startMs);
      return replies.map((reply, index) => translated[index]?.onReply?.(reply) ?? reply);
    },
    syncToken: () => `${origin}.${writes.toString(36)}`,
  };
}

type Send = (access: Access, command: readonly Word[]) => Promise<Reply>;

function observed(send: Send, observe: CommandObserver): Send {
  return async (access, command) => {
    const startMs = performance.now();
    try {
      const reply = await send(access, command);
      observe(command, performance.now() - startMs);
      return reply;
    } catch (error) {
      observe(command, performance.now() - startMs, toError(error));
      throw error;
    }
  };
}

async function aside(access: Access, [name, ...args]: readonly Word[]): Promise<Reply> {
  const connection = await access.redis.connection();
  try {
    return (await connection.callBuffer(String(name), ...args)) as Buffer;
  } finally {
    connection.disconnect();
  }
}

function toError(error: unknown): Error {
  if (isReplyError(error) || error instanceof RestError) return error;
  throw error;
}

function isUnavailable(outcome: Reply): boolean {
  return outcome instanceof RestError && outcome.status === 503;
}
