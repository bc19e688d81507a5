import { Cluster, Command, type Redis, type RedisOptions } from "ioredis";
import { type CommandTable, createCommandTable } from "./command-table.ts";
import { ExpectedError, RestError } from "./errors.ts";
import { createClient, type RedisAddressOptions, withoutPassword } from "./redis-address.ts";
import { isReplyError, type Reply } from "./reply.ts";

/** A command's word: what came as text, or bytes that are no text. */
export type Word = string | Buffer;

/** The way to Redis: one connection (in a cluster: one per node) that all requests share, pipelined. */
export interface RedisLink {
  /**
   * Sends one command and gives the reply as Redis sent it. A command is never sent twice.
   * @throws ReplyError for Redis's own errors, {@link RestError} 503 if Redis can't be reached
   */
  send(command: readonly Word[]): Promise<Reply>;
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

const UNREACHABLE = "UNAVAILABLE Redis can't be reached at the moment";
const CONNECT_TIMEOUT_MS = 5000;

/** In a cluster these concern every node. */
const EVERYWHERE = /^(SCRIPT (LOAD|FLUSH)|FUNCTION (LOAD|DELETE|FLUSH|RESTORE)|FLUSHALL|FLUSHDB)\b/i;

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
  let table = createCommandTable([]);
  const learn = async () => {
    // An ACL user may not be allowed to ask.
    table = createCommandTable(await call(client, ["COMMAND"]).catch(() => []));
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
  const batch = createBatch(client);

  return {
    async send(command) {
      batch();
      if (client instanceof Cluster && EVERYWHERE.test(command.slice(0, 2).join(" "))) {
        const replies = await Promise.all(client.nodes("master").map((node) => call(node, command)));
        return replies[0] ?? null;
      }
      return call(client, command);
    },
    async transaction(commands) {
      batch();
      return transaction(client, commands);
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

/** Gathers what is sent in one turn of the event loop into one write: a system call per turn, not per command. */
function createBatch(client: Redis | Cluster): () => void {
  if (client instanceof Cluster) return () => {};
  let isOpen = false;
  return () => {
    if (isOpen || client.status !== "ready") return;
    isOpen = true;
    const { stream } = client;
    stream.cork();
    setImmediate(() => {
      isOpen = false;
      stream.uncork();
    });
  };
}

async function transaction(client: Redis | Cluster, commands: readonly (readonly Word[])[]): Promise<readonly Reply[]> {
  // Written in one go, so nothing comes between them; in a cluster all go to the node of the first key.
  const queue = commands.map(toCommand);
  const slot = queue.map((command) => command.getSlot()).find((each) => each !== null);
  const node = { slot, redis: undefined };
  const send = (command: Command) => client.sendCommand(command, undefined, node as never) as Promise<Reply>;
  const queued = [toCommand(["MULTI"]), ...queue].map(send);
  const done = send(toCommand(["EXEC"]));
  const outcomes = await Promise.allSettled([...queued, done]);
  const last = outcomes.at(-1) as PromiseSettledResult<Reply>;
  if (last.status === "fulfilled") return last.value as readonly Reply[];
  if (!isReplyError(last.reason)) throw new RestError(503, UNREACHABLE);
  const cause = outcomes.find((outcome) => outcome.status === "rejected") as PromiseRejectedResult;
  if (cause.reason !== last.reason) last.reason.message += ` ${(cause.reason as Error).message}`;
  throw last.reason;
}

async function call(client: Redis | Cluster, words: readonly Word[]): Promise<Reply> {
  try {
    return (await client.sendCommand(toCommand(words))) as Reply;
  } catch (error) {
    throw isReplyError(error) ? error : new RestError(503, UNREACHABLE);
  }
}

function toCommand([name, ...args]: readonly Word[]): Command {
  // In upper case, because ioredis rewrites arguments and replies of some commands by their lower-case names.
  return new Command(String(name).toUpperCase(), args, { replyEncoding: null });
}
