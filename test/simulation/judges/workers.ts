import type { CallMade, Happening, KeyStep, WorkRule } from "../world/history.ts";
import { pieceOf } from "../world/piece.ts";
import type { Judge } from "./judge.ts";

type Executed = Extract<Happening, { type: "executed" }>;

/** What databases did for a call. */
interface Done {
  /** How often it was asked whether it may begin, and how often it was let in. */
  asked: number;
  letIn: number;
  /** It began to release, and has sent nothing since. */
  releases: boolean;
  /** What of each other limiter it has taken, less what it has given back. */
  readonly spent: Map<string, number>;
}

/** Of what callers are told of their work, and of what becomes of what they do. */
export function workersJudge({ name, holdMs }: WorkRule): Judge {
  const calls = new Map<number, Done>();
  /** Until when pieces of work that have a name are held at least, by the true time. */
  const heldUntil = new Map<number, number>();

  function doneFor({ id }: CallMade): Done {
    const done = calls.get(id) ?? { asked: 0, letIn: 0, releases: false, spent: new Map() };
    calls.set(id, done);
    return done;
  }

  function work({ call, at, now }: Executed, { deltas: [delta = 0], allowed, now: by }: KeyStep): void {
    const done = doneFor(call);
    if (delta > 0) {
      done.asked += 1;
      done.letIn += Number(allowed);
    }
    if (delta < 0 || (delta === 0 && !allowed)) heldUntil.delete(pieceOf(call));
    else if (allowed && call.again) {
      const until = Math.min(at, at + by - now) + holdMs;
      heldUntil.set(pieceOf(call), Math.max(until, heldUntil.get(pieceOf(call)) ?? 0));
    }
  }

  function spend({ call }: Executed, { key, deltas: [delta = 0], allowed }: KeyStep): string | undefined {
    if (!allowed) return undefined;
    const { spent } = doneFor(call);
    const left = (spent.get(key) ?? 0) + delta;
    spent.set(key, left);
    return left < 0 ? `call ${call.id} has given back ${-left} more of ${key} than it took` : undefined;
  }

  function answered({ call, at, decision }: Extract<Happening, { type: "answered" }>): string | undefined {
    const { asked, letIn, releases } = doneFor(call);
    if (releases) return `call ${call.id} has released its place, and nobody was told`;
    if (!decision || decision.allowed) return undefined;
    const { source } = decision;
    // What was asked for twice may have been let in with the answer that got lost; the second time a snapshot of the quota may deny it.
    const isDenied = (source === "store" || (source === "snapshot" && !call.again)) && asked === 1;
    if (isDenied && letIn === 1) return `call ${call.id} was denied, and holds a place`;
    const { level = name } = decision as { readonly level?: string };
    return source === "snapshot" && level === name && call.again && (heldUntil.get(pieceOf(call)) ?? 0) > at
      ? `call ${call.id} asked again for what is held, and was denied without asking`
      : undefined;
  }

  return {
    name: "workers",
    promise:
      "Who is denied holds nothing; what is held is not denied from memory when it is asked for again; whoever releases by any answer tells the database, as long as it is asked; and what a call gives back of what is counted beside its work is no more than it took.",
    see(happening, { complain }) {
      let wrong: string | undefined;
      if (happening.type === "lost" && happening.all) heldUntil.clear();
      if (happening.type === "executed") {
        for (const step of happening.steps) {
          if ((step.ceilings[0] ?? 0) < 0) continue;
          if (step.key.startsWith(`${name}:`)) work(happening, step);
          else wrong ??= spend(happening, step);
        }
      } else if (happening.type === "released") {
        const { call, source } = happening;
        // A breaker keeps a limiter from asking.
        doneFor(call).releases = source === "store" && !call.limiter.breaker;
      } else if (happening.type === "sent") doneFor(happening.call).releases = false;
      else if (happening.type === "answered") wrong = answered(happening);
      if (wrong) complain(wrong);
    },
  };
}
