import { Cluster, type Redis, type RedisOptions } from "ioredis";
import { ExpectedError, RestError } from "../../errors.ts";
import { type CommandTable, createCommandTable } from "./command-table.ts";
import { createClient, type RedisAddressOptions, withoutPassword } from "./redis-address.ts";
import { isReplyError, type Reply } from "./reply.ts";
import { clusterSender, connectionSender, UNREACHABLE } from "./senders.ts";
import type { Word } from "./word.ts";

/** The way to Redis: one connection (in a cluster: one per node) that all requests share, pipelined. */
export interface RedisLink {
  /**
   * Sends one command and gives the reply as Redis sent it. A command is never sent twice.
   * @throws ReplyError for Redis's own errors, {@link RestError} 503 if Redis can't be reached
   */
  send(command: readonly Word[]): Promise<Reply>;
  /** Sends all in this order, at once; errors stand in their places. */
  sendAll(commands: readonly (readonly Word[])[]): Promise<Reply[]>;
  /** Runs the commands as MULTI/EXEC. @throws as `send` does, and if the transaction was discarded */
  transaction(commands: readonly (readonly Word[])[]): Promise<readonly Reply[]>;
  /** A new connection for what can't share one. The caller disconnects it; it does not reconnect by itself. */
  connection(options?: RedisOptions): Promise<Redis>;
  /** What Redis says about its commands. */
  table(): CommandTable;
  /** True while commands can be sent. */
  isReady(): boolean;
  /** Calls back after each reconnection, before any other command is sent: Redis may be another process than before. */
  onReconnect(listener: () => void): void;
  /** Waits for answers under way, then disconnects. */
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 5000;

/**
 * Connects to Redis and, when the connection breaks later, reconnects for as long as the link is open.
 * @param timeoutMs how long an answer may take before the connection counts as broken
 * @throws {ExpectedError} if the first connection fails; its text holds no password
 */
export async function connectRedis(
  url: string,
  timeoutMs: number,
  address: RedisAddressOptions = {},
): Promise<RedisLink> {
  const settings: RedisOptions = {
    lazyConnect: true,
    // Someone waits for each answer now; and a command sent again after a lost answer would count twice.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(50 * attempt, 1000),
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: timeoutMs,
    disableClientInfo: true,
    stringNumbers: true,
    // The check needs INFO, which another user may not be allowed.
    enableReadyCheck: address.user === undefined,
  };
  const client = createClient(url, settings, address);
  let trouble = "";
  const note = (error: Error) => {
    trouble = (error as { lastNodeError?: Error }).lastNodeError?.message ?? error.message;
  };
  client.on("error", note);
  const { user } = address;
  const connected = client.connect().then(() => user && client.call("AUTH", user.name, user.password));
  await connected.catch((error: Error) => {
    client.disconnect();
    throw new ExpectedError(`can't use Redis at ${withoutPassword(url)}: ${trouble || error.message}`);
  });
  return createLink(client);
}

async function createLink(client: Redis | Cluster): Promise<RedisLink> {
  const sender = client instanceof Cluster ? clusterSender(client) : connectionSender(client);
  let table = createCommandTable([]);
  const learn = async () => {
    // An ACL user may not be allowed to ask.
    table = createCommandTable(await sender.send(["COMMAND"]).catch(() => []));
  };
  await learn();
  const listeners: (() => void)[] = [];
  client.on("ready", () => {
    for (const listener of listeners) listener();
    learn().catch(() => {});
  });
  // A cluster is ready once; its nodes come and go.
  client.on("+node", (node: Redis) => {
    node.once("ready", () => {
      for (const listener of listeners) listener();
    });
  });
  return {
    send: sender.send,
    sendAll: sender.sendAll,
    async transaction(commands) {
      const replies = await sender.sendAtomic(commands);
      const last = replies.at(-1);
      if (!(last instanceof Error)) return last as readonly Reply[];
      const cause = replies.find((reply) => reply instanceof Error);
      if (isReplyError(last) && isReplyError(cause) && cause !== last) last.message += ` ${cause.message}`;
      throw last;
    },
    async connection(options) {
      const source = client instanceof Cluster ? client.nodes("master")[0] : client;
      if (source === undefined) throw new RestError(503, UNREACHABLE);
      const connection = source.duplicate({
        ...options,
        lazyConnect: true,
        retryStrategy: () => null,
        // It would wait for a busy script, which this connection may be there to end.
        enableReadyCheck: false,
      });
      connection.on("error", () => {});
      await connection.connect().catch((error: unknown) => {
        connection.disconnect();
        throw isReplyError(error) ? error : new RestError(503, UNREACHABLE);
      });
      return connection;
    },
    table: () => table,
    isReady: () => client.status === "ready",
    onReconnect: (listener) => listeners.push(listener),
    async close() {
      if (client.status === "ready") await client.quit().catch(() => {});
      client.disconnect();
    },
  };
}
