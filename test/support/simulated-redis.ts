import type { State } from "../../src/algorithm/algorithm.ts";
import type { RemoteStore } from "../../src/store/store.ts";
import { createDatabase } from "../simulation/redis/database.ts";

/**
 * A store that keeps and expires keys as Redis does, by a clock of its own (`now`) while steps take the caller's: what
 * several isolates share, without waiting for real time. `asked` counts the steps.
 */
export function simulatedRedis(now: () => number): RemoteStore & { readonly asked: number } {
  const database = createDatabase({ name: "simulated", now, knowsScripts: true });
  let asked = 0;
  return {
    remote: true,
    clock: "limiter",
    get asked() {
      return asked;
    },
    async step({ program, key, now: callersNow, demands }) {
      asked += 1;
      const args = program.args(callersNow, demands);
      const { reply } = database.execute({ name: "EVALSHA", script: program.script.sha1, keys: [key], args });
      const [verdict, ...state] = reply as [number, ...State];
      return { allowed: verdict === 1, state: state as unknown as State };
    },
    async run(script, keys, args) {
      asked += 1;
      return database.execute({ name: "EVALSHA", script: script.sha1, keys, args }).reply;
    },
    async reset(key) {
      database.execute({ name: "DEL", script: "", keys: [key], args: [] });
    },
  };
}
