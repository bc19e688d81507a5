import type { Engine } from "./engine.ts";
import type { Weather } from "./network.ts";
import type { IncidentSite, Plan } from "./plan.ts";
import { streamOf } from "./random.ts";

type Change = Parameters<IncidentSite["change"]>[0];

export interface IncidentsOptions {
  readonly seed: number;
  readonly plan: Plan;
  readonly engine: Engine;
  readonly happens: (run: () => void) => void;
  readonly lose: IncidentSite["lose"];
  readonly rule: IncidentSite["rule"];
}

/** Lets a plan's incidents befall its world; tells the weather that they make. */
export function startIncidents({ seed, plan, engine, happens, lose, rule }: IncidentsOptions) {
  const changes = new Set<Change>();
  const { durationMs } = plan;
  for (const [i, incident] of plan.incidents.entries()) {
    incident.start(
      {
        get now() {
          return engine.now;
        },
        durationMs,
        regions: plan.population.regions,
        databases: plan.databases.map(({ name }) => name),
        later: engine.later,
        happens,
        change(by) {
          changes.add(by);
          return () => void changes.delete(by);
        },
        lose,
        rule,
      },
      streamOf(seed, 5, i),
    );
  }
  return {
    weather(region: string, database: string): Weather | undefined {
      let weather: Weather | undefined = plan.weather(region, database);
      for (const change of changes) weather = weather && change(weather, region, database);
      return weather;
    },
    /** Fair weather from now on. */
    endAll: () => changes.clear(),
  };
}
