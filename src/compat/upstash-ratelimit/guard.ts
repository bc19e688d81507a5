import type { Script } from "../../algorithm/scripts.ts";
import { StoreError } from "../../core/errors.ts";
import { noReply, stepReply } from "../../store/step-reply.ts";
import type { RemoteStore, StepReply, StepRequest } from "../../store/store.ts";
import { guardAlone, guardedFixedWindow, guardedSlidingWindow, guardedTokenBucket } from "./scripts.ts";

/** What one call has looked up before it is counted, and what was found. */
export interface Guard {
  /** Values of which none may be on the deny list, at most four. */
  readonly values: readonly string[];
  /** Those that are on it. */
  found: readonly string[];
  /** Whether the addresses on the list are to be fetched by this caller. */
  fetch: boolean;
}

export const newGuard = (values: readonly string[] = []): Guard => ({ values, found: [], fetch: false });

/** A limit that is changed while it runs, as this isolate knows it: its text in Redis, empty if there is none. */
export interface KnownLimit {
  text: string;
}

const GUARDED: Readonly<Record<string, Script>> = {
  f: guardedFixedWindow,
  s: guardedSlidingWindow,
  b: guardedTokenBucket,
};

/** Where the lists of a prefix lie, as the provider's console knows them. */
export const denyListKeys = (prefix: string) => ({
  all: `${prefix}:denyList:all`,
  addresses: `${prefix}:denyList:ipDenyList`,
  status: `${prefix}:ipDenyListStatus`,
});

export const dynamicLimitKey = (prefix: string) => `${prefix}:dynamic:global`;

const keysOf = (prefix: string, { values }: Guard, limit: KnownLimit | undefined) => {
  const { all, status } = denyListKeys(prefix);
  return [...(values.length > 0 ? [all, status] : []), ...(limit ? [dynamicLimitKey(prefix)] : [])];
};

const argsOf = ({ values }: Guard, limit: KnownLimit | undefined) => [
  `${values.length}`,
  limit ? `=${limit.text}` : "-",
  ...values,
];

/**
 * Runs a step behind a guard, in one request. Resolves to its reply, or to `undefined` where nothing was taken: a value is on the deny
 * list, or the limit is another than the caller knew, who now knows it.
 */
export async function guardedStep(
  store: RemoteStore,
  prefix: string,
  request: StepRequest,
  guard: Guard,
  limit: KnownLimit | undefined,
  signal: AbortSignal,
): Promise<StepReply | undefined> {
  const { program, key, now, demands } = request;
  const script = GUARDED[program.algorithms[0]?.code ?? ""] as Script;
  const args = [...argsOf(guard, limit), ...program.args(now, demands)];
  const rest = noted(await store.run?.(script, [key, ...keysOf(prefix, guard, limit)], args, signal), guard, limit);
  return rest && stepReply(request, rest, false);
}

/** Looks the values up alone, for an algorithm that brings its own script. */
export async function guardAsked(store: RemoteStore, prefix: string, guard: Guard, signal: AbortSignal): Promise<void> {
  const [all, status] = keysOf(prefix, guard, undefined) as [string, string];
  noted(await store.run?.(guardAlone, [all, all, status], argsOf(guard, undefined), signal), guard, undefined);
}

/** The step's own reply, once what the guard found is noted; `undefined` where the guard kept the step from running. */
function noted(reply: unknown, guard: Guard, limit: KnownLimit | undefined): unknown[] | undefined {
  if (!Array.isArray(reply)) throw noReply();
  const rest = [...reply];
  guard.fetch ||= Number(rest.pop()) === 1;
  const verdict = Number(rest[0]);
  if (verdict === 2) {
    const bits = Number(rest[1]);
    guard.found = guard.values.filter((_value, i) => (bits >> i) & 1);
    if (guard.found.length > 0) return undefined;
    throw noReply();
  }
  if (verdict !== 3) return rest;
  const text = String(rest[1]);
  if (!limit || !text.startsWith("=")) throw new StoreError("reply", "Redis told a limit that is none");
  limit.text = text.slice(1);
  return undefined;
}
