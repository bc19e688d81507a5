import { setTimeout as sleep } from "node:timers/promises";
import { RestError } from "../../errors.ts";
import type { RedisAddress } from "./address.ts";
import { type Channel, type FirstKey, openChannel } from "./channel.ts";
import { runTransaction } from "./connection.ts";
import { type Command, isReplyError, type Reply } from "./protocol.ts";

/** The way to Redis: one connection (in a cluster: one per node) that all requests share, pipelined. */
export type RedisLink = Awaited<ReturnType<typeof connectRedis>>;

export interface RedisLinkOptions {
  readonly address: RedisAddress;
  /** How long an answer may take before the connection counts as broken. */
  readonly timeoutMs: number;
  readonly firstKey: FirstKey;
  /** Called with each new connection before it is used: Redis may be another process than before. */
  prepare(send: Channel["send"]): Promise<void>;
}

/** Connects to Redis and, when the connection breaks later, reconnects for as long as the link is open. */
export async function connectRedis({ address, timeoutMs, firstKey, prepare }: RedisLinkOptions) {
  /** Since when each request's commands are under way, the oldest first. */
  const underWay = new Set<{ readonly sinceMs: number }>();
  let channel: Channel | undefined;
  let isClosed = false;

  const open = async () => {
    const opened = await openChannel(address, firstKey, () => lose(opened));
    await prepare(opened.send).catch((error) => {
      opened.destroy();
      throw error;
    });
    if (isClosed) opened.destroy();
    else channel = opened;
  };
  const lose = async (lost: Channel) => {
    if (lost !== channel) return;
    channel = undefined;
    lost.destroy();
    for (let attempt = 1; channel === undefined && !isClosed; attempt += 1) {
      await open().catch(() => sleep(Math.min(50 * attempt, 1000)));
    }
  };
  const use = async <T>(work: (channel: Channel) => Promise<T>): Promise<T> => {
    const mark = { sinceMs: performance.now() };
    underWay.add(mark);
    try {
      return await work(channel ?? (await Promise.reject()));
    } catch (error) {
      throw toExpected(error);
    } finally {
      underWay.delete(mark);
    }
  };
  const watch = () => {
    const [oldest] = underWay;
    if (channel && oldest && performance.now() - oldest.sinceMs > timeoutMs) void lose(channel);
  };
  await open();
  const watching = setInterval(watch, Math.min(timeoutMs / 4, 1000));
  return {
    /** Sends the commands, none ever twice, and gives their replies; errors of Redis, or 503s, in their places. */
    send: (commands: readonly Command[]): Promise<Reply[]> =>
      channel ? use(({ send }) => sendAll(send, commands)) : Promise.resolve(commands.map(away)),
    /** Runs the commands as MULTI/EXEC. @throws ReplyError if that is discarded, {@link RestError} 503 */
    transaction: (commands: readonly Command[]) =>
      use(async (via) => runTransaction(await via.connectionFor(commands), commands)),
    /** For what can't share one. The caller destroys it. @throws {RestError} 503 */
    connection: () => use((via) => via.open()),
    isReady: () => channel?.isReady() ?? false,
    async close() {
      isClosed = true;
      clearInterval(watching);
      channel?.destroy();
      channel = undefined;
    },
  };
}

function sendAll(send: Channel["send"], commands: readonly Command[]): Promise<Reply[]> {
  const replyTo = (command: Command) => send(command).catch(toExpected);
  // Promise.all would cost a request of one command, as most are, a twentieth more.
  if (commands.length === 1) return replyTo(commands[0] as Command).then((reply) => [reply]);
  return Promise.all(commands.map(replyTo));
}

const toExpected = (error: unknown): Error => (isReplyError(error) ? error : away());
const away = () => new RestError(503, "UNAVAILABLE Redis can't be reached at the moment");
