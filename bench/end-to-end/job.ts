import type { WaitUntil } from "sluice";
import type { Check, Endpoints, Library, Make } from "../subjects/subject.ts";
import { type Load, type Measured, measure, prepare } from "./load.ts";
import { type Paced, type PacedLoad, pace } from "./paced.ts";

/** What the process or isolate under test is told to do. */
export type Job = { readonly library: Library } & ({ readonly load: Load } | { readonly paced: PacedLoad });

/** What a job comes to. */
export type Outcome<J extends Job> = J extends { load: Load } ? Measured : Paced;

const WINDOW_MS = 86_400_000;

/** Runs jobs one after the other; a library's limiter is made once for each path and kept, with its caches. */
export function createRunner(
  make: (library: Library) => Make | undefined,
  endpoints: Endpoints,
  waitUntil: WaitUntil,
): (job: Job) => Promise<Measured | Paced> {
  const checks = new Map<string, Check>();
  const prepared = new Set<string>();
  const made = (library: Library): Make => {
    const found = make(library);
    if (!found) throw new Error(`${library} does not run here`);
    return found;
  };

  return async (job) => {
    const { library } = job;
    if ("paced" in job) return pace((quota) => made(library)(endpoints, quota, waitUntil), job.paced);
    const { load } = job;
    let check = checks.get(`${library} ${load.path}`);
    if (!check) {
      const limit = load.path === "allowed" ? 100_000_000 : 1;
      check = made(library)(endpoints, { limit, windowMs: WINDOW_MS }, waitUntil);
      checks.set(`${library} ${load.path}`, check);
    }
    const keys = `${library} ${load.path} ${load.keys}`;
    if (!prepared.has(keys)) await prepare(check, load);
    prepared.add(keys);
    return measure(check, load);
  };
}
