import type { Policy } from "../../algorithm/policy.ts";
import { misuse, shown } from "../../core/misuse.ts";
import { wholeNumber } from "../../core/whole-number.ts";
import type { CheckedOptions } from "../checked-options.ts";
import type { Extension } from "../extension.ts";
import type { Level } from "../level.ts";
import { leasedLevel, MARGIN_MS } from "./leased-level.ts";
import type { LeasedWindows } from "./leased-windows.ts";

export interface LeaseOptions {
  /**
   * How long an isolate may spend what it took ahead, in ms, a whole number from 100 to 60 000. Default: a twentieth of the
   * shortest window, a hundredth of one in parts, from 200 to 5000. A token bucket's `burst` is lowered by what refills in that time, and has to be at least
   * twice that. A window in parts is longer by it, and has to be at least ten times as long.
   */
  maxMs?: number | undefined;
  /** Most keys whose use an isolate remembers, a whole number from 2; the half used last stays. Default 10 000. */
  maxKeys?: number | undefined;
  /** `leasedWindows()`, for policies whose window is in `parts(…)` or `calendar(…)`. Default: none, and such a policy is refused. */
  windows?: LeasedWindows | undefined;
}

/**
 * Admits calls without a request: where an isolate asks for a key often, a request takes more than its call needs, and the
 * next calls are served from that. Never more is admitted than the policies allow: see docs/leases.md. For all algorithms but
 * `slidingLog`; for windows in parts and of the calendar with `windows`. On a memory store it does nothing. Throws a `TypeError` or `RangeError` that names the option, and so does
 * `createLimiter` where the policies don't go with it.
 */
export function leases({ maxMs, maxKeys = 10_000, windows }: LeaseOptions = {}): Extension {
  if (maxMs !== undefined) wholeNumber("leases.maxMs", maxMs, 2 * MARGIN_MS, 60_000);
  wholeNumber("leases.maxKeys", maxKeys, 2);
  if (windows !== undefined && !windows?.script) throw misuse("leases.windows", "made by leasedWindows()", windows);
  return {
    options: (options) =>
      options.store.remote ? withRoomFor(options, maxMs ?? defaultMs(options.policies), windows) : options,
    level(level) {
      const { store, policies } = level.options;
      const leased = (own: Level) => leasedLevel(own, maxMs ?? defaultMs(policies), maxKeys, windows);
      if (!store.remote) return level;
      return level.each?.(leased) ?? leased(level);
    },
  };
}

function defaultMs(policies: readonly Policy[]): number {
  // A window in parts is longer by as much.
  const parts = policies.map(({ algorithm: { code }, windowMs }) => windowMs / (code === "p" ? 100 : 20));
  return Math.min(5000, Math.max(200, Math.floor(Math.min(...parts))));
}

/**
 * The options with lower bursts and short snapshots. A unit spent in a span of time was taken in it or at most `maxMs` before, so a
 * bucket admits what one admits in a span that is longer by `maxMs`: `maxMs` of refill less at once makes up for that.
 */
function withRoomFor(options: CheckedOptions, maxMs: number, windows: LeasedWindows | undefined): CheckedOptions {
  const { store, snapshots } = options;
  if (store.remote && !store.run) throw misuse("store", "one that runs scripts on several keys, with leases", store);
  return {
    ...options,
    policies: options.policies.map((policy) => lowered(policy, maxMs, windows)),
    // What other isolates give back lowers the use, which a snapshot doesn't see.
    snapshots: snapshots && { ...snapshots, maxAgeMs: Math.min(snapshots.maxAgeMs, maxMs) },
  };
}

function lowered(policy: Policy, maxMs: number, windows: LeasedWindows | undefined): Policy {
  const { algorithm, name, limit, windowMs, burst } = policy;
  if (algorithm.code === "b") {
    const refill = Math.ceil((limit * maxMs) / windowMs);
    if (burst >= 2 * refill) return { ...policy, burst: burst - refill };
    const numbers = `its burst of ${burst} must be at least twice what refills in that time, ${refill}`;
    throw new RangeError(`leases.maxMs ${maxMs} is too long for the policy ${shown(name)}: ${numbers}`);
  }
  const own = algorithm.code === "s" || algorithm.code === "f" ? policy : windows?.policy(policy, maxMs);
  if (own) return own;
  const needed = "cp".includes(algorithm.code) ? " without leasedWindows()" : "";
  throw new RangeError(`leases don't go with the algorithm of the policy ${shown(name)}${needed}`);
}
