import type { Store } from "../../store/store.ts";
import type { CheckedOptions } from "../checked-options.ts";
import type { BringingStore } from "../extension.ts";
import { planOf, type RegionsOptions } from "./plan.ts";
import { regionalLevel } from "./regional-level.ts";

/**
 * A store for limiters whose quota is split over several databases, one in each region: each holds a share of every limit and burst, and all
 * of them together exactly the whole. A call takes from the nearest, then from the next; it is denied if all are exhausted. Never is
 * more admitted than the policies allow by each database's own time, whatever is cut off from whatever: see docs/regions.md. For all algorithms but
 * `slidingLog` and `inFlight`, and not in `allOf`. Throws a `TypeError` or `RangeError` that names the option.
 *
 *     store: regions({ near: "fra", stores: { fra: redisStore(…), iad: redisStore(…) } })
 */
export function regions<const Name extends string>(options: RegionsOptions<Name>): Store {
  const plan = planOf(options as RegionsOptions);
  const unasked = (): never => {
    throw new TypeError("regions(…) is a store for createLimiter alone: nobody else knows how to ask it");
  };
  const { clock } = plan.stores[0] as Store;
  const level = (options: CheckedOptions) => regionalLevel(options, plan);
  const run = plan.stores.every((own) => own.remote && own.run) ? unasked : undefined;
  const remote = plan.stores.every((own) => own.remote);
  return { remote, clock, step: unasked, reset: unasked, ...(run && { run }), level } as Store & BringingStore;
}
