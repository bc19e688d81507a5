import type { Happening } from "../world/history.ts";

/** What happened, as a line to read; undefined for what tells nothing. */
export function traceLine(happening: Happening): string | undefined {
  const { type, at } = happening;
  const text = words(happening);
  return text === undefined ? undefined : `${at.toFixed(3).padStart(13)} ms  ${type.padEnd(9)} ${text}`;
}

function words(happening: Happening): string | undefined {
  switch (happening.type) {
    case "frozen":
    case "thawed":
    case "killed":
    case "born":
      return `isolate ${happening.isolate}`;
    case "clock":
      return `isolate ${happening.isolate}, by ${happening.byMs} ms`;
    case "called": {
      const { call, now } = happening;
      const { operation, cost, key, id, isolate, waitMs, follows, of } = call;
      const more = `${waitMs > 0 ? `, waits ${waitMs} ms` : ""}${follows === undefined ? "" : `, after call ${follows}`}${of ? `, for call ${of.id}` : ""}`;
      return `call ${id}: isolate ${isolate}, whose clock shows ${now}, ${operation} ${cost} of ${key}${more}`;
    }
    case "sent":
      return `call ${happening.call.id}: ${happening.command}`;
    case "executed": {
      const { call, command, database, now, args, reply, error, steps } = happening;
      const found = steps.map(({ leftMs, continued }) => `found ${leftMs ?? "nothing"}${continued ? "" : ", new"}`);
      const outcome = error ?? `${JSON.stringify(reply)}; ${found.join()}`;
      return `call ${call.id}: ${command} ${args.join(" ")} by ${database}, whose clock shows ${now}: ${outcome}`;
    }
    case "replied":
      return `call ${happening.call.id}${happening.failed ? ", an error" : ""}`;
    case "answered": {
      const { call, now, decision } = happening;
      if (!decision) return `call ${call.id}`;
      const { allowed, source, retryAfterMs } = decision;
      const numbers =
        "remaining" in decision ? `, ${decision.remaining} left, whole after ${decision.resetAfterMs} ms` : "";
      return `call ${call.id}, clock ${now}: ${allowed ? "allowed" : `denied for ${retryAfterMs} ms`} by ${source}${numbers}`;
    }
    case "released":
      return `call ${happening.call.id}, by an answer of ${happening.source}`;
    case "rejected":
      return `call ${happening.call.id}: ${happening.reason}`;
    case "ruled":
      return `${happening.database}: ${happening.rules.map(({ what, limits, limiter = "all", key, pattern }) => `${what} ${limits ? `${JSON.stringify(limits)} ` : ""}${key ?? pattern} of ${limiter}`).join(", ") || "none"}`;
    case "lost":
      return `${happening.database}: ${happening.all ? "everything" : "its scripts"}`;
    case "spent":
      return `call ${happening.call.id}: ${happening.units}`;
    default:
      return undefined;
  }
}
