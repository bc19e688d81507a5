import { createClient } from "@redis/client";
import type { RedisAddress, RedisNode } from "./address.ts";
import { type Command, DECODED, isReplyError, type Reply } from "./protocol.ts";

/** A connection to one server. It does not reconnect by itself. */
export type Connection = Awaited<ReturnType<typeof connectTo>>;

export function connectionOptions({ user, database, tls }: RedisAddress, node?: RedisNode) {
  return {
    RESP: 2,
    ...(user.name !== "" && { username: user.name }),
    ...(user.password !== "" && { password: user.password }),
    database,
    socket: { ...(node && { host: node.host, port: node.port }), ...(tls && { ...tls, tls: true as const }) },
    // Someone waits for each answer now; and a command sent again after a lost answer would count twice.
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: "disabled",
    commandOptions: { timeout: 0 },
  } as const;
}

export async function openConnection(address: RedisAddress): Promise<Connection> {
  return connectTo(address, address.kind === "sentinel" ? await masterOf(address) : (address.nodes[0] as RedisNode));
}

/** MULTI, the commands and EXEC, with nothing in between. @throws ReplyError if the transaction is discarded */
export async function runTransaction(connection: Connection, commands: readonly Command[]): Promise<readonly Reply[]> {
  const all: Command[] = [["MULTI"], ...commands, ["EXEC"]];
  const settled = await Promise.allSettled(all.map((command) => connection.sendCommand<Reply>([...command], DECODED)));
  const errors = settled.flatMap((each) => (each.status === "rejected" ? [each.reason as Error] : []));
  const [cause, last] = [errors[0], errors.at(-1)];
  if (isReplyError(last) && isReplyError(cause) && cause !== last) last.message += ` ${cause.message}`;
  if (last) throw last;
  return (settled.at(-1) as PromiseFulfilledResult<readonly Reply[]>).value;
}

async function connectTo(address: RedisAddress, node: RedisNode) {
  const options = connectionOptions(address, node);
  const client = createClient({ ...options, socket: { ...options.socket, reconnectStrategy: false } });
  // Whoever waits for an answer learns of an error.
  await client.on("error", () => {}).connect();
  return client;
}

async function masterOf(address: RedisAddress): Promise<RedisNode> {
  let trouble: unknown = new Error(`the sentinels know no master ${address.master}`);
  for (const node of address.nodes) {
    try {
      // The user and the database are those of the servers.
      const sentinel = await connectTo({ ...address, user: { name: "", password: "" }, database: 0 }, node);
      const command = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", address.master];
      const found = await sentinel.sendCommand<[string, string] | null>(command).finally(() => sentinel.destroy());
      if (found) return { host: found[0], port: Number(found[1]) };
    } catch (error) {
      trouble = error;
    }
  }
  throw trouble;
}
