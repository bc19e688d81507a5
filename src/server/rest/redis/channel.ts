import { createCluster } from "@redis/client";
import keySlot from "cluster-key-slot";
import type { RedisAddress } from "./address.ts";
import type { CommandTable } from "./command-table.ts";
import { type Connection, connectionOptions, openConnection } from "./connection.ts";
import { DECODED, isReplyError, type Reply, type Word } from "./protocol.ts";

/** A way to send commands: one connection, or one per node of a cluster. */
export interface Channel {
  send(command: readonly Word[]): Promise<Reply>;
  /** The connection over which a transaction of these commands goes. */
  connectionFor(commands: readonly (readonly Word[])[]): Promise<Connection> | Connection;
  /** The address of a server, in a cluster of one that may write, for a connection of one's own. */
  address(): RedisAddress;
  isReady(): boolean;
  /** Waits for answers under way. */
  close(): Promise<unknown>;
  destroy(): void;
}

/** Opens a channel. `onEnd` is called when it can't be used any more; a cluster looks for its nodes by itself. */
export async function openChannel(
  address: RedisAddress,
  table: () => CommandTable,
  onEnd: () => void,
): Promise<Channel> {
  if (address.kind === "cluster") return openCluster(address, table);
  const connection = await openConnection(address);
  connection.on("error", () => connection.isOpen || onEnd());
  return {
    send: (command) => connection.sendCommand(command as Word[], DECODED),
    connectionFor: () => connection,
    address: () => address,
    isReady: () => connection.isReady,
    close: () => connection.close(),
    destroy: () => connection.destroy(),
  };
}

const REDISCOVER_MS = 500;

async function openCluster(address: RedisAddress, table: () => CommandTable): Promise<Channel> {
  const cluster = createCluster({
    RESP: 2,
    rootNodes: address.nodes.map((node) => connectionOptions(address, node)),
    defaults: connectionOptions(address),
    commandOptions: { timeout: 0 },
    topologyRefreshOnReconnectionAttemptStrategy: REDISCOVER_MS,
  });
  cluster.on("error", () => {});
  await cluster.connect();
  return {
    // Sent at once if it can be, so that the commands of a pipeline stay in order; a redirected one has not run.
    send(command) {
      const key = table().firstKey(command);
      const anywhere = () => cluster.sendCommand<Reply>(key, false, command as Word[], DECODED);
      const node = key === undefined ? undefined : cluster.getSlotMaster(keySlot(key)).client;
      if (!node?.isReady) return anywhere();
      return node.sendCommand<Reply>(command as Word[], DECODED).catch((error: Error) => {
        if (isReplyError(error) && /^(MOVED|ASK) /.test(error.message)) return anywhere();
        throw error;
      });
    },
    connectionFor(commands) {
      const key = commands.map((command) => table().firstKey(command)).find((each) => each !== undefined);
      const node = key === undefined ? cluster.getRandomNode() : cluster.getSlotMaster(keySlot(key));
      return cluster.nodeClient(node) as unknown as Promise<Connection>;
    },
    address: () => ({ ...address, kind: "server", nodes: cluster.masters.map(({ host, port }) => ({ host, port })) }),
    isReady: () => cluster.isReady,
    close: () => cluster.close(),
    destroy: () => cluster.destroy(),
  };
}
