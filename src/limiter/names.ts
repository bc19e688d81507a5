import { kindOf, type Policy } from "../algorithm/policy.ts";
import type { Store } from "../store/store.ts";

/** By store object and limiter name: the policies as text. */
const claims = new WeakMap<Store, Map<string, string>>();

/** Throws a `RangeError` if a limiter of this name with other policies keeps its counts in the same store object. */
export function claimName(store: Store, name: string, policies: readonly Policy[], strikes = false): void {
  const texts = policies.map((policy) => [kindOf(policy), policy.name, policy.limit, policy.burst].join(" "));
  const text = texts.concat(strikes ? "penalty" : []).join();
  const names = claims.get(store) ?? new Map<string, string>();
  claims.set(store, names);
  const other = names.get(name) ?? text;
  if (other !== text) {
    throw new RangeError(`name "${name}" stands for other policies on this store: ${other}; not ${text}`);
  }
  names.set(name, text);
}
