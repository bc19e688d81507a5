import { randomBytes } from "node:crypto";
import { RestError } from "../../errors.ts";
import type { Access } from "../access/access.ts";
import { type Command, keyword, type Reply } from "../redis/protocol.ts";
import type { Scripts } from "./scripts.ts";
import type { CommandTable } from "./table.ts";

/** Told about each command when it is done; `error` is set if it failed. */
export type CommandObserver = (command: Command, durationMs: number, error?: Error) => void;
export type Gateway = ReturnType<typeof createGateway>;
export interface GatewayOptions {
  readonly table: CommandTable;
  readonly scripts: Scripts;
  /** `ACL RESTTOKEN`. */
  issueToken(args: Command): Promise<string>;
  readonly observe?: CommandObserver | undefined;
}

/** From a request's commands to Redis and back, whatever the request looked like. */
export function createGateway({ table, scripts, issueToken, observe }: GatewayOptions) {
  const origin = randomBytes(6).toString("base64url");
  let writes = 0;
  /** The outcome of what does not go over the connection that all share. */
  const asideFrom = (access: Access, command: Command): Promise<Reply> | Reply | undefined => {
    const refusal = table.refusalOf(command, access.readOnly);
    if (refusal || !/^(ACL|SCRIPT|FUNCTION)$/.test(keyword(command[0]))) return refusal;
    const name = `${keyword(command[0])} ${keyword(command[1])}`;
    const toItem = (error: Error) => error;
    if (name === "ACL RESTTOKEN" && access.isOwner) return issueToken(command.slice(2)).then(Buffer.from, toItem);
    return / KILL$/.test(name) ? kill(access, command).catch(toItem) : undefined;
  };
  const observed = async (commands: readonly Command[], work: Promise<readonly Reply[]>) => {
    const startMs = performance.now();
    const outcome = await work.catch((error: Error) => error);
    for (const [index, command] of commands.entries()) {
      const own = outcome instanceof Error ? outcome : (outcome as readonly Reply[])[index];
      observe?.(command, performance.now() - startMs, own instanceof Error ? own : undefined);
    }
    return work;
  };
  const toClient = (commands: readonly Command[], replies: readonly Reply[]) =>
    replies.map((reply, index) => scripts.fromRedis(commands[index] as Command, reply));
  const send = (access: Access, commands: readonly Command[]) =>
    access.redis.send(commands.map(scripts.toRedis)).then((replies) => toClient(commands, replies));
  const pipeline = (access: Access, commands: readonly Command[]): Promise<readonly Reply[]> => {
    const aside = commands.map((command) => asideFrom(access, command));
    if (aside.every((reply) => reply === undefined)) return send(access, commands).then(unlessAway);
    const sent = commands.filter((_, index) => aside[index] === undefined);
    return send(access, sent).then((replies) => {
      const own = replies.values();
      return Promise.all(aside.map((reply) => reply ?? (own.next().value as Reply))).then(unlessAway);
    });
  };
  const transaction = async (access: Access, commands: readonly Command[]) => {
    const refusal = commands.map((each) => table.refusalOf(each, access.readOnly)).find((each) => each);
    if (refusal) throw refusal;
    if (commands.length === 0) return [];
    return toClient(commands, await access.redis.transaction(commands.map(scripts.toRedis)));
  };
  return {
    /**
     * Runs each command on its own, in order, or if `isAtomic` all or none; errors stand in their places.
     * @throws ReplyError if a transaction is discarded, {@link RestError} if it is refused or Redis is away
     */
    run(access: Access, commands: readonly Command[], isAtomic: boolean): Promise<readonly Reply[]> {
      const work = (isAtomic ? transaction : pipeline)(access, commands);
      return observe ? observed(commands, work) : work;
    },
    /** What clients send back to read their writes: another one for each answer to commands that may have written. */
    syncToken(commands: readonly Command[]): string {
      if (commands.some(table.mayWrite)) writes += 1;
      return `${origin}.${writes.toString(36)}`;
    },
  };
}

/** @throws {RestError} 503 if Redis was away for each of the commands */
function unlessAway(replies: readonly Reply[]): readonly Reply[] {
  const isAway = replies.every((reply) => reply instanceof RestError && reply.status === 503);
  if (isAway && replies.length > 0) throw replies[0];
  return replies;
}

/** A busy script keeps the shared connection waiting; only another one can end it. */
async function kill({ redis }: Access, command: Command): Promise<Reply> {
  const connection = await redis.connection();
  return connection.sendCommand<Reply>([...command]).finally(() => connection.destroy());
}
