import type { RedisClient } from "../../../src/store/redis-client.ts";
import type { Command, Database } from "../redis/database.ts";
import type { Execution } from "../redis/twin.ts";
import type { Tell } from "./history.ts";
import type { Isolate, Owner } from "./isolate.ts";
import type { Answer, Network } from "./network.ts";

export interface ClientOptions {
  readonly isolate: Isolate;
  readonly database: Database;
  readonly network: Network;
  /** Whether it ends a request when its signal aborts; one that can't leaves a late reply to its caller. */
  readonly heedsSignals: boolean;
  readonly tell: Tell;
  /** The true time, and who runs. */
  readonly world: { readonly now: number; readonly running: Owner | undefined };
}

/** A client as `redisStore` takes it, whose requests go through a simulated network to a simulated Redis. */
export function createClient(options: ClientOptions): RedisClient {
  const { isolate, database, network, heedsSignals, tell, world } = options;

  function send(command: Command, signal: AbortSignal | undefined): Promise<unknown> {
    const owner = world.running;
    const call = owner?.call;
    if (!owner || !call || owner.isolate !== isolate) throw new Error("a request that belongs to no call");
    const { name, keys } = command;
    tell({ type: "sent", at: world.now, call, command: name, keys });
    return new Promise((resolve, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
      const replied = (failed: boolean) => {
        if (!signal?.aborted) tell({ type: "replied", at: world.now, call, keys, failed });
      };
      network.send({
        owner,
        database,
        execute: () => executed(owner, command),
        resolve(reply) {
          replied(false);
          resolve(reply);
        },
        reject(error) {
          replied(true);
          reject(error);
        },
      });
    });
  }

  function executed({ call }: Owner, { name, script, keys, args }: Command): Answer {
    const about = {
      type: "executed",
      at: world.now,
      call: call as NonNullable<Owner["call"]>,
      command: name,
      database: database.name,
      now: database.now(),
      script,
      keys,
      args,
    } as const;
    let execution: Execution;
    try {
      execution = database.execute({ name, script, keys, args });
    } catch (error) {
      tell({ ...about, reply: undefined, steps: [], error: error instanceof Error ? error.message : "" });
      return { error };
    }
    const { reply, steps } = execution;
    tell({ ...about, reply, steps, error: undefined });
    return { reply };
  }

  const client = (signal?: AbortSignal): RedisClient => ({
    evalsha: (script, keys, args) => send({ name: "EVALSHA", script, keys, args }, signal),
    eval: (script, keys, args) => send({ name: "EVAL", script, keys, args }, signal),
    del: (key) => send({ name: "DEL", script: "", keys: [key], args: [] }, signal),
    ...(heedsSignals && { withSignal: client }),
  });
  return client();
}
