import type { Check, Endpoints, Library, Quota } from "../subjects/subject.ts";
import { type Load, type Measured, measure, prepare } from "./load.ts";

/** What the process or isolate under test is told to do. */
export interface Job {
  readonly library: Library;
  readonly load: Load;
}

const WINDOW_MS = 86_400_000;

/** Runs jobs one after the other; a library's limiter is made once for each path and kept, with its caches. */
export function createRunner(
  make: (library: Library) => ((endpoints: Endpoints, quota: Quota) => Check) | undefined,
  endpoints: Endpoints,
): (job: Job) => Promise<Measured> {
  const checks = new Map<string, Check>();
  const prepared = new Set<string>();

  return async ({ library, load }) => {
    let check = checks.get(`${library} ${load.path}`);
    if (!check) {
      const limit = load.path === "allowed" ? 100_000_000 : 1;
      check = make(library)?.(endpoints, { limit, windowMs: WINDOW_MS });
      if (!check) throw new Error(`${library} does not run here`);
      checks.set(`${library} ${load.path}`, check);
    }
    const keys = `${library} ${load.path} ${load.keys}`;
    if (!prepared.has(keys)) await prepare(check, load);
    prepared.add(keys);
    return measure(check, load);
  };
}
