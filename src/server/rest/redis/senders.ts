import { type Cluster, Command, type Redis } from "ioredis";
import { RestError } from "../../errors.ts";
import { LeanCommand } from "./lean-command.ts";
import { isReplyError, type Reply } from "./reply.ts";
import type { Word } from "./word.ts";
import { createWriteBatch } from "./write-batch.ts";

/** Ways to send commands through an ioredis client. */
export interface Sender {
  /** @throws ReplyError or {@link RestError} 503 */
  send(command: readonly Word[]): Promise<Reply>;
  /** All in this order; what failed is the error in its place. */
  sendAll(commands: readonly (readonly Word[])[]): Promise<Reply[]>;
  /** MULTI, the commands and EXEC, with nothing in between; the replies to all of them, errors in their places. */
  sendAtomic(commands: readonly (readonly Word[])[]): Promise<Reply[]>;
}

export const UNREACHABLE = "UNAVAILABLE Redis can't be reached at the moment";

/** In a cluster these concern every node. */
const EVERYWHERE = /^(SCRIPT (LOAD|FLUSH)|FUNCTION (LOAD|DELETE|FLUSH|RESTORE)|FLUSHALL|FLUSHDB)\b/i;

/** For one connection: what is sent together is written together. */
export function connectionSender(redis: Redis): Sender {
  const batch = createWriteBatch(redis);
  const post = (words: readonly Word[], resolve: (reply: Reply) => void, reject: (error: Error) => void) =>
    void redis.sendCommand(new LeanCommand(words, resolve, reject) as unknown as Command, batch as never);
  const sendAll = (commands: readonly (readonly Word[])[]) =>
    new Promise<Reply[]>((resolve) => {
      const replies = new Array<Reply>(commands.length);
      let missing = commands.length;
      const done = (index: number, reply: Reply) => {
        replies[index] = reply;
        missing -= 1;
        if (missing === 0) resolve(replies);
      };
      if (missing === 0) resolve(replies);
      commands.forEach((words, index) => {
        post(
          words,
          (reply) => done(index, reply),
          (error) => done(index, toError(error)),
        );
      });
    });
  return {
    send: (words) => new Promise((resolve, reject) => post(words, resolve, (error) => reject(toError(error)))),
    sendAll,
    sendAtomic: (commands) => sendAll([["MULTI"], ...commands, ["EXEC"]]),
  };
}

/** For a cluster: ioredis finds each command's node, for which it needs commands of its own kind. */
export function clusterSender(cluster: Cluster): Sender {
  const toCommand = ([name, ...args]: readonly Word[]) =>
    new Command(String(name).toUpperCase(), args, { replyEncoding: null });
  const settle = (sent: unknown) => (sent as Promise<Reply>).catch((error: Error) => toError(error));
  const sendOne = async (words: readonly Word[]): Promise<Reply> => {
    if (!EVERYWHERE.test(words.slice(0, 2).join(" "))) return settle(cluster.sendCommand(toCommand(words)));
    const nodes = cluster.nodes("master");
    const replies = await Promise.all(nodes.map((node) => settle(node.sendCommand(toCommand(words)))));
    return replies.find((reply) => reply instanceof Error) ?? replies[0] ?? new RestError(503, UNREACHABLE);
  };
  return {
    async send(words) {
      const reply = await sendOne(words);
      if (reply instanceof Error) throw reply;
      return reply;
    },
    sendAll: (commands) => Promise.all(commands.map(sendOne)),
    sendAtomic(commands) {
      const queue = [["MULTI"], ...commands, ["EXEC"]].map(toCommand);
      const slot = queue.map((command) => command.getSlot()).find((each) => each !== null);
      // ioredis fills in the node at the first command and keeps to it.
      const node = { slot, redis: undefined };
      return Promise.all(queue.map((command) => settle(cluster.sendCommand(command, undefined, node))));
    },
  };
}

function toError(error: Error): Error {
  return isReplyError(error) ? error : new RestError(503, UNREACHABLE);
}
