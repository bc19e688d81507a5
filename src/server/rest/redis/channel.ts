import { createCluster } from "@redis/client";
import keySlot from "cluster-key-slot";
import type { RedisAddress } from "./address.ts";
import { type Connection, connectionOptions, openConnection } from "./connection.ts";
import { type Command, DECODED, isReplyError, type Reply, type Word } from "./protocol.ts";

export interface Channel {
  send(command: Command): Promise<Reply>;
  /** The connection over which a transaction of these commands goes. */
  connectionFor(commands: readonly Command[]): Promise<Connection> | Connection;
  /** A connection of one's own; in a cluster to one of its masters. */
  open(): Promise<Connection>;
  isReady(): boolean;
  destroy(): void;
}

/** The key that decides to which node of a cluster a command goes; undefined if it has none. */
export type FirstKey = (command: Command) => Word | undefined;
const REDISCOVER_MS = 500;
/** Opens a channel. `onEnd` is called when it can't be used any more; a cluster looks for its nodes by itself. */
export async function openChannel(address: RedisAddress, firstKey: FirstKey, onEnd: () => void): Promise<Channel> {
  if (address.kind === "cluster") return openCluster(address, firstKey);
  const connection = await openConnection(address);
  connection.on("error", () => connection.isOpen || onEnd());
  const decoding = connection.withTypeMapping(DECODED.typeMapping);
  return {
    send: (command) => decoding.sendCommand(command as Word[]),
    connectionFor: () => connection,
    open: () => openConnection(address),
    isReady: () => connection.isReady,
    destroy: () => connection.destroy(),
  };
}

async function openCluster(address: RedisAddress, firstKey: FirstKey): Promise<Channel> {
  const cluster = createCluster({
    RESP: 2,
    rootNodes: address.nodes.map((node) => connectionOptions(address, node)),
    defaults: connectionOptions(address),
    commandOptions: { timeout: 0 },
    topologyRefreshOnReconnectionAttemptStrategy: REDISCOVER_MS,
  });
  await cluster.on("error", () => {}).connect();
  const nodeFor = (key: Word | undefined) =>
    key === undefined ? cluster.getRandomNode() : cluster.getSlotMaster(keySlot(key));
  return {
    // At once where it can be, so that the commands of a pipeline stay in order. One that is redirected has not run.
    async send(command) {
      const key = firstKey(command);
      const anywhere = () => cluster.sendCommand<Reply>(key, false, command as Word[], DECODED);
      const { client } = key === undefined ? {} : nodeFor(key);
      if (!client?.isReady) return anywhere();
      return client.sendCommand<Reply>(command as Word[], DECODED).catch((error: Error) => {
        return isReplyError(error) && /^(MOVED|ASK) /.test(error.message) ? anywhere() : Promise.reject(error);
      });
    },
    connectionFor(commands) {
      const key = commands.map(firstKey).find((each) => each !== undefined);
      return cluster.nodeClient(nodeFor(key)) as unknown as Promise<Connection>;
    },
    open: () => openConnection({ ...address, kind: "server", nodes: cluster.masters }),
    isReady: () => cluster.isReady,
    destroy: () => cluster.destroy(),
  };
}
