import { misuse, shown } from "../../core/misuse.ts";
import { checkedName } from "../../core/name.ts";
import { wholeNumber } from "../../core/whole-number.ts";
import type { Store } from "../../store/store.ts";
import { isPlain } from "../amounts.ts";
import { listed } from "../by-level.ts";
import type { BringingStore } from "../extension.ts";

/** The most databases that one limiter is split over. */
const MAX_REGIONS = 16;

/** The greatest weight: products of weights and units stay exact. */
const MAX_WEIGHT = 1_000_000;

/** Weights by region, whole numbers from 0 to 1 000 000, one of them above 0. A region that is left out has none. */
export type Shares<Name extends string> = Readonly<{ [Region in Name]?: number | undefined }>;

/** One region, or several in order; the others follow in the order of `stores`. */
export type Near<Name extends string> = Name | readonly Name[];

export interface RegionsOptions<Name extends string = string> {
  /**
   * The store of each region by name, 1 to 16: different objects for different databases, and all of them in Redis or all in
   * memory. Names are 1 to 64 letters, digits, dots, dashes or underscores.
   */
  stores: Readonly<Record<Name, Store>>;
  /**
   * The region that is asked first, or several in order: names, or a function that tells them for each call and its key, at once.
   * `undefined` from it stands for the order of `stores`, in which all others follow.
   */
  near: Near<NoInfer<Name>> | ((key: string) => Near<NoInfer<Name>> | undefined);
  /**
   * How a limit is split: weights by region, or a function of the key *alone* that returns them, as in `() => ({ fra: 9, iad: 1 })`.
   * All isolates must come to the same weights for a key, or more is admitted than the limit. Default: evenly.
   */
  shares?: Shares<NoInfer<Name>> | ((key: string) => Shares<NoInfer<Name>>) | undefined;
}

/** Which databases a limiter is split over, and how. Indexes are those of `names`. */
export interface RegionPlan {
  /** Sorted, so that every isolate has one order, however its program lists them. */
  readonly names: readonly string[];
  readonly stores: readonly Store[];
  weightsOf(key: string): readonly number[];
  /** All of them, the nearest first. */
  orderOf(key: string): readonly number[];
}

/** The plan; throws a `TypeError` or `RangeError` that names the option. */
export function planOf(options: RegionsOptions): RegionPlan {
  if (typeof options !== "object" || options === null) throw misuse("The options of regions", "an object", options);
  const { near, stores, shares } = options;
  const listedNames = typeof stores === "object" && stores !== null ? Object.keys(stores) : [];
  const names = listedNames.toSorted((a, b) => (a < b ? -1 : 1));
  if (names.length < 1 || names.length > MAX_REGIONS) {
    throw misuse("stores", `an object of 1 to ${MAX_REGIONS} stores by region`, stores, names.length > 0);
  }
  for (const name of names) checkStore(name, stores, names);
  const even = names.map(() => 1);
  const fixed = typeof shares === "function" ? undefined : shares === undefined ? even : weights(names, shares);
  const declared = listedNames.map((name) => names.indexOf(name));
  const order = (first: unknown) => [...new Set([...indexesOf(names, first), ...declared])];
  const always = typeof near === "function" ? undefined : order(near);
  return {
    names,
    stores: names.map((name) => stores[name] as Store),
    weightsOf: (key) => fixed ?? weights(names, (shares as (key: string) => unknown)(key)),
    orderOf: (key) => always ?? order((near as (key: string) => unknown)(key) ?? []),
  };
}

function checkStore(name: string, stores: RegionsOptions["stores"], names: readonly string[]): void {
  const option = `stores.${checkedName("The name of a region", name)}`;
  const store = stores[name] as (Store & Partial<BringingStore>) | undefined;
  if (typeof store?.step !== "function") throw misuse(option, "redisStore(…) or memoryStore()", store);
  if (store.level) throw new RangeError(`${option} is itself made by regions; list its stores instead`);
  for (const other of names.slice(0, names.indexOf(name))) {
    if (stores[other] === store) {
      throw new RangeError(`${option} is the same store as stores.${other}; each region has a database of its own`);
    }
    if (stores[other]?.remote !== store.remote) {
      throw new RangeError(`${option} and stores.${other} must both be in memory, or neither`);
    }
  }
}

function weights(names: readonly string[], shares: unknown): readonly number[] {
  if (typeof shares !== "object" || shares === null || !isPlain(shares)) {
    throw misuse("shares", "an object of weights by region, or a function that returns one", shares);
  }
  checkNames("shares", names, Object.keys(shares));
  const found = names.map((name) => {
    const weight = (shares as Record<string, unknown>)[name] ?? 0;
    return wholeNumber(`shares.${name}`, weight, 0, MAX_WEIGHT);
  });
  if (found.some((weight) => weight > 0)) return found;
  throw new RangeError("shares must give at least one region a weight above 0");
}

function indexesOf(names: readonly string[], near: unknown): number[] {
  const list: unknown[] = [near].flat();
  checkNames("near", names, list);
  return list.map((name) => names.indexOf(name as string));
}

function checkNames(option: string, names: readonly string[], found: readonly unknown[]): void {
  for (const name of found) {
    if (!names.includes(name as string)) {
      throw new TypeError(`${option} names the region ${shown(name)}; the stores are ${listed(names)}`);
    }
  }
}
