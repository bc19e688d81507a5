import type { Decision } from "../../../src/core/decision.ts";
import type { Limiter } from "../../../src/limiter/limiter.ts";
import type { RedisClient } from "../../../src/store/redis-client.ts";
import { createDatabase, type Database } from "../redis/database.ts";
import { CALLS_PER_ARRIVAL, createCalls } from "./calls.ts";
import { shown } from "./clock.ts";
import { createEngine } from "./engine.ts";
import type { Tell } from "./history.ts";
import { startIncidents } from "./incidents.ts";
import type { Callable, Isolate } from "./isolate.ts";
import { plainLimiter, plainOrder, plainSet } from "./limiter.ts";
import { createNetwork } from "./network.ts";
import type { Plan, Site } from "./plan.ts";
import { createPopulation } from "./population.ts";
import { streamOf } from "./random.ts";
import { createClient } from "./redis-client.ts";

export interface WorldOptions {
  readonly plan: Plan;
  readonly seed: number;
  /** Told of everything that happens, in its order. */
  readonly tell: Tell;
  /** Which arrivals and incidents, by number, happen in this run; by default all. The others stay as they were. */
  readonly keeps?: (what: "arrival" | "incident", number: number) => boolean;
}

/** A world that runs once. */
export interface World {
  run(): Promise<void>;
  stop(): void;
  /** The true time, ms since the start. */
  readonly now: number;
  readonly events: number;
  readonly databases: ReadonlyMap<string, Database>;
  living(): readonly Isolate[];
}

export function createWorld({ plan, seed, tell: told, keeps = () => true }: WorldOptions): World {
  const engine = createEngine(seed);
  // Who watches is no isolate: what it keeps is not in theirs.
  const tell: Tell = (happening) => engine.within(undefined, () => told(happening));
  const { durationMs } = plan;
  const databases = new Map(
    plan.databases.map(({ name, offsetMs, takesFlags }) => {
      const now = () => shown({ offsetMs, pace: 1 }, engine.now);
      return [name, createDatabase({ name, now, takesFlags, ...(plan.twins && { twins: plan.twins }) })];
    }),
  );

  let incidents = 0;
  const happens = (run: () => void) => {
    incidents += 1;
    if (keeps("incident", incidents)) run();
  };
  const { weather, endAll } = startIncidents({
    seed,
    plan,
    engine,
    happens,
    lose(database, all) {
      databases.get(database)?.lose(all);
      tell({ type: "lost", at: engine.now, database, all });
    },
    rule(name, makes) {
      const database = databases.get(name);
      if (!database) return;
      const rules = makes(database.now());
      database.rule(rules);
      tell({ type: "ruled", at: engine.now, database: name, rules });
    },
  });
  const network = createNetwork({ later: engine.later, laterFor: engine.laterFor, weather });

  function born(isolate: Isolate): void {
    const clients: Record<string, RedisClient> = {};
    const client = (name: string) => {
      const database = databases.get(name);
      if (!database) throw new Error(`no database ${name}`);
      const { heedsSignals } = isolate;
      clients[name] ??= createClient({ isolate, database, network, heedsSignals, tell, world: engine });
      return clients[name];
    };
    const waitUntil = (task: Promise<unknown>) => {
      const call = engine.running?.call;
      if (!call) throw new Error("waitUntil outside of a call");
      call.tasks += 1;
      const over = () => {
        call.tasks -= 1;
      };
      task.then(over, over);
    };
    const givesBack = (source: Decision["source"]) => {
      const call = engine.running?.call;
      if (!call) throw new Error("a release outside of a call");
      tell({ type: "released", at: engine.now, call, source });
    };
    const made: Record<string, Limiter> = {};
    const { limiterOf = plainLimiter, setOf = plainSet, orderOf = plainOrder } = plan;
    for (const rule of plan.limiters) {
      const waits = isolate.canWait ? waitUntil : undefined;
      const parts = { rule, client, region: isolate.region, waitUntil: waits, givesBack };
      const several = rule.levels ?? rule.members;
      if (several) {
        const limiters = Object.fromEntries(several.map(({ name }) => [name, made[name] as Limiter]));
        // One of several as one may be asked in order, too, and is then taken for a limiter.
        made[rule.name] = (rule.members ? orderOf : setOf)(limiters, parts) as unknown as Limiter;
      } else made[rule.name] = limiterOf(parts);
      isolate.limiters.set(rule.name, made[rule.name] as Callable);
    }
  }

  const population = createPopulation({ seed, plan: plan.population, durationMs, engine, tell, born, happens });
  const calls = createCalls({
    seed,
    engine,
    tell,
    isolateIn: population.in,
    slots: plan.population.isolates,
    durationMs,
  });
  let arrivals = 0;
  function begin(): void {
    population.begin();
    for (const [i, source] of plan.traffic.entries()) source.start(site, streamOf(seed, 6, i));
    engine.later(durationMs, () => {
      endAll();
      population.thawAll();
    });
  }
  const site: Site = {
    get now() {
      return engine.now;
    },
    durationMs,
    slots: plan.population.isolates,
    later: engine.later,
    arrive(action, slot) {
      arrivals += 1;
      if (keeps("arrival", arrivals)) calls.make(arrivals * CALLS_PER_ARRIVAL, action, slot);
    },
  };

  return {
    async run() {
      await engine.run(begin);
      tell({ type: "ended", at: engine.now });
    },
    stop: engine.stop,
    get now() {
      return engine.now;
    },
    get events() {
      return engine.events;
    },
    databases,
    living: population.living,
  };
}
