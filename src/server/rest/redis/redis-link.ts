import { setTimeout as sleep } from "node:timers/promises";
import { RestError } from "../../errors.ts";
import type { RedisAddress } from "./address.ts";
import { type Channel, openChannel } from "./channel.ts";
import { type CommandTable, createCommandTable } from "./command-table.ts";
import { type Connection, openConnection, runTransaction } from "./connection.ts";
import { isReplyError, type Reply, type Word } from "./protocol.ts";

/** The way to Redis: one connection (in a cluster: one per node) that all requests share, pipelined. */
export interface RedisLink {
  /**
   * Sends one command and gives the reply as Redis sent it. A command is never sent twice.
   * @throws ReplyError for Redis's own errors, {@link RestError} 503 if Redis can't be reached
   */
  send(command: readonly Word[]): Promise<Reply>;
  /** Runs the commands as MULTI/EXEC. @throws as `send` does, and if the transaction was discarded */
  transaction(commands: readonly (readonly Word[])[]): Promise<readonly Reply[]>;
  /** A new connection for what can't share one. The caller destroys it. @throws as `send` does */
  connection(): Promise<Connection>;
  /** What Redis says about its commands. */
  table(): CommandTable;
  /** True while commands can be sent. */
  isReady(): boolean;
  /** Calls back after each reconnection, before any other command is sent: Redis may be another process than before. */
  onReconnect(listener: (send: Channel["send"]) => void): void;
  /** Waits a second for answers under way, then disconnects. */
  close(): Promise<void>;
}

export interface RedisLinkOptions {
  readonly address: RedisAddress;
  /** How long an answer may take before the connection counts as broken. */
  readonly timeoutMs: number;
  /** Where it is known already; default: Redis is asked. */
  readonly table?: () => CommandTable;
}

const CLOSE_GRACE_MS = 1000;

/** Connects to Redis and, when the connection breaks later, reconnects for as long as the link is open. */
export async function connectRedis({ address, timeoutMs, table: known }: RedisLinkOptions): Promise<RedisLink> {
  const listeners: ((send: Channel["send"]) => void)[] = [];
  /** Since when each command is under way, the oldest first. */
  const underWay = new Set<{ readonly sinceMs: number }>();
  let table = createCommandTable([]);
  let channel: Channel | undefined;
  let isClosed = false;

  const open = async () => {
    const opened = await openChannel(address, known ?? (() => table), () => lose(opened));
    if (!known) table = createCommandTable(await opened.send(["COMMAND"]));
    for (const listener of listeners) listener(opened.send);
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
      if (channel === undefined) throw unreachable();
      return await work(channel);
    } catch (error) {
      throw isReplyError(error) ? error : unreachable();
    } finally {
      underWay.delete(mark);
    }
  };
  await open();
  const watch = setInterval(
    () => {
      const [oldest] = underWay;
      if (channel && oldest && performance.now() - oldest.sinceMs > timeoutMs) void lose(channel);
    },
    Math.min(timeoutMs / 4, 1000),
  );

  return {
    send: (command) => use(({ send }) => send(command)),
    transaction: (commands) => use(async (via) => runTransaction(await via.connectionFor(commands), commands)),
    connection: () => use((via) => openConnection(via.address())),
    table: known ?? (() => table),
    isReady: () => channel?.isReady() ?? false,
    onReconnect: (listener) => listeners.push(listener),
    async close() {
      isClosed = true;
      clearInterval(watch);
      const last = channel;
      channel = undefined;
      await Promise.race([last?.close(), sleep(CLOSE_GRACE_MS, undefined, { ref: false })]).catch(() => {});
      last?.destroy();
    },
  };
}

function unreachable(): RestError {
  return new RestError(503, "UNAVAILABLE Redis can't be reached at the moment");
}
