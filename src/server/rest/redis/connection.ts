import { createClient } from "@redis/client";
import type { RedisAddress, RedisNode } from "./address.ts";
import { DECODED, isReplyError, type Reply, type Word } from "./protocol.ts";

/** A connection to one server. */
export type Connection = Awaited<ReturnType<typeof connectTo>>;

const CONNECT_TIMEOUT_MS = 5000;

/** The settings of each connection, for a single server and for the nodes of a cluster. */
export function connectionOptions({ user, database, tls }: RedisAddress, node?: RedisNode) {
  const security = tls ? { ...tls, tls: true as const } : {};
  return {
    RESP: 2,
    ...(user.name !== "" && { username: user.name }),
    ...(user.password !== "" && { password: user.password }),
    ...(database !== 0 && { database }),
    socket: { ...node, ...security, connectTimeout: CONNECT_TIMEOUT_MS },
    // Someone waits for each answer now; and a command sent again after a lost answer would count twice.
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: "disabled",
    commandOptions: { timeout: 0 },
  } as const;
}

/**
 * A new connection to the server, or to the master that the sentinels name; to any of the nodes of a cluster. It does
 * not reconnect by itself.
 */
export async function openConnection(address: RedisAddress): Promise<Connection> {
  return connectTo(address, address.kind === "sentinel" ? await masterOf(address) : (address.nodes[0] as RedisNode));
}

/** MULTI, the commands and EXEC, with nothing in between. @throws ReplyError if the transaction is discarded */
export async function runTransaction(
  connection: Connection,
  commands: readonly (readonly Word[])[],
): Promise<readonly Reply[]> {
  const all = [["MULTI"], ...commands, ["EXEC"]];
  const settled = await Promise.allSettled(all.map((words) => connection.sendCommand<Reply>([...words], DECODED)));
  const last = settled.at(-1) as PromiseSettledResult<Reply>;
  if (last.status === "fulfilled") return last.value as readonly Reply[];
  const cause = settled.find((each) => each.status === "rejected")?.reason as Error;
  if (isReplyError(last.reason) && isReplyError(cause) && cause !== last.reason) {
    last.reason.message += ` ${cause.message}`;
  }
  throw last.reason;
}

async function connectTo(address: RedisAddress, node: RedisNode) {
  const options = connectionOptions(address, node);
  const client = createClient({ ...options, socket: { ...options.socket, reconnectStrategy: false } });
  // Whoever waits for an answer learns of it.
  client.on("error", () => {});
  await client.connect();
  return client;
}

async function masterOf(address: RedisAddress): Promise<RedisNode> {
  let trouble: unknown;
  for (const node of address.nodes) {
    try {
      // The user and the database are those of the servers.
      const sentinel = await connectTo({ ...address, user: { name: "", password: "" }, database: 0 }, node);
      const command = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", address.master];
      const found = await sentinel.sendCommand<[string, string] | null>(command).finally(() => sentinel.destroy());
      if (found) return { host: found[0], port: Number(found[1]) };
      trouble = new Error(`the sentinels know no master ${address.master}`);
    } catch (error) {
      trouble = error;
    }
  }
  throw trouble;
}
