import { type Algorithm, type Demand, NO_CEILING, type State, type Step } from "../../src/algorithm/algorithm.ts";
import type { Program } from "../../src/algorithm/program.ts";
import { countsOf } from "../../src/algorithm/step.ts";
import type { GrantRequest } from "../../src/store/grants.ts";
import type { StepRequest } from "../../src/store/store.ts";

/** What one key of a call with grants comes to. */
export interface Granted {
  readonly granted: number;
  readonly state: State;
  /** What to keep for how long; undefined where nothing is written. */
  readonly write: { readonly kept: unknown; readonly ttlMs: number } | undefined;
}

type Asked = Pick<StepRequest, "now" | "demands"> &
  Partial<Pick<GrantRequest, "spare" | "back" | "since">> & { readonly program: Pick<Program, "algorithms" | "step"> };

/** The twin of grants.lua, put together from the steps of each key's own program; `kept` is what each key holds, `admits` a key's verdict where more than its policies decide. */
export function grantsTwin(
  requests: readonly Asked[],
  kept: readonly unknown[],
  admits: (k: number, allowed: boolean) => boolean = (_k, allowed) => allowed,
): { readonly allowed: boolean; readonly keys: readonly Granted[] } {
  const returned = requests.map(({ program, now, demands, back = [], since = 0 }, k) => {
    const brings = since > 0;
    const gives = demands.map((demand, i) => ({ ...demand, delta: -(back[i] ?? 0), since, ceiling: NO_CEILING }));
    const looks = demands.map((demand) => ({ ...demand, delta: 0, ceiling: -1 }));
    return { brings, ...program.step(kept[k], now, brings ? gives : looks) };
  });
  const took = requests.map(({ program, now, demands }, k) => program.step(returned[k]?.kept, now, demands));
  const allowed = took.map((step, k) => admits(k, step.allowed)).every(Boolean);
  const keys = requests.map((request, k): Granted => {
    const { program, now, demands, spare = 0 } = request;
    const own = returned[k] as (typeof returned)[number];
    if (!allowed) return { granted: 0, state: wholeOf(own), write: own.brings ? own : undefined };
    const granted = Math.min(spare, ...quarters(program.algorithms, demands, (took[k] as { state: State }).state));
    const all = demands.map((demand) => ({ ...demand, delta: demand.delta * (1 + granted), ceiling: NO_CEILING }));
    const last = program.step(own.kept, now, all);
    return { granted, state: wholeOf(last), write: last };
  });
  return { allowed, keys };
}

/** Alone, some algorithms tell less. */
const wholeOf = ({ kept }: Step) => kept as State;

/** For each policy how many calls a quarter of its room holds. */
function quarters(algorithms: readonly Algorithm[], demands: readonly Demand[], state: State): number[] {
  return algorithms.map((algorithm, i) => {
    const demand = demands[i] as Demand;
    if (demand.delta === 0) return Infinity;
    const unit = algorithm.code === "s" ? demand.delta * demand.pace : demand.delta;
    const room = demand.ceiling - algorithm.load(countsOf(algorithms, state, i), state[0], demand);
    return Math.max(0, Math.floor(room / unit / 4));
  });
}
