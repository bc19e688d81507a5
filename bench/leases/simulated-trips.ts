import type { RedisClient } from "sluice";

/** A clock that a run moves on itself, and Redis at a distance by that clock. */
export interface SimulatedTrips {
  now(): number;
  /** The client as seen from far away: half of the trip to Redis, half of it back. */
  far(client: RedisClient): RedisClient;
  /** How many trips have been made. */
  trips(): number;
  /** Moves the clock on, and has everything happen on the way that is due. */
  advance(to: number): Promise<void>;
}

interface Due {
  readonly at: number;
  happen(): unknown;
}

/**
 * Redis is a real one, asked when the clock says that the request has reached it; its answer arrives when the clock says so. All
 * trips take the same time, so they arrive in the order of their start.
 */
export function simulatedTrips(start: number, tripMs: number): SimulatedTrips {
  let now = start;
  let trips = 0;
  const reaching: Due[] = [];
  const answering: Due[] = [];

  function trip<T>(send: () => Promise<T>): Promise<T> {
    trips += 1;
    return new Promise((resolve, reject) => {
      reaching.push({
        at: now + tripMs / 2,
        happen() {
          const answer = send();
          // Asked for later, it must not count as a rejection that nobody handles.
          answer.catch(() => {});
          answering.push({ at: now + tripMs / 2, happen: () => answer.then(resolve, reject) });
        },
      });
    });
  }

  const far = (client: RedisClient): RedisClient => ({
    evalsha: (...request) => trip(() => client.evalsha(...request)),
    eval: (...request) => trip(() => client.eval(...request)),
    del: (key) => trip(() => client.del(key)),
  });

  return {
    now: () => now,
    far,
    trips: () => trips,
    async advance(to) {
      for (;;) {
        const queue =
          (reaching[0]?.at ?? Number.POSITIVE_INFINITY) <= (answering[0]?.at ?? Number.POSITIVE_INFINITY)
            ? reaching
            : answering;
        const next = queue[0];
        if (!next || next.at > to) break;
        queue.shift();
        now = next.at;
        await next.happen();
        await settled();
      }
      now = to;
    },
  };
}

/** After all that has been started goes on as far as it can without Redis. */
export const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
