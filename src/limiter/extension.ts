import { misuse } from "../core/misuse.ts";
import type { CheckedOptions } from "./checked-options.ts";
import type { Level } from "./level.ts";

/** An option of a limiter that brings its own code, so that only those who import it ship it. */
export interface Extension {
  /** The limiter's options as they are with it; throws where they don't go together. */
  options?(options: CheckedOptions): CheckedOptions;
  /** The limiter's level with what this adds. */
  level(level: Level): Level;
}

/** A policy that brings what it needs of its limiter, so that only those who import it ship that. */
export interface Bringing {
  readonly brings: Extension;
}

/** A store that is several, and so brings the level that asks them. */
export interface BringingStore {
  level(options: CheckedOptions): Level;
}

/** The options that bring their own code, by name. The later one sees a call first. */
export interface Extensions {
  leases?: Extension | undefined;
  rules?: Extension | undefined;
}

/** What policies bring, and then the extensions among a limiter's options; throws a `TypeError` that names the option. */
export function extensionsOf({ leases, rules }: Extensions, policies: unknown): Extension[] {
  const brought: Extension[] = [policies]
    .flat()
    .flatMap((policy) => (policy as Partial<Bringing> | undefined)?.brings ?? []);
  return brought.concat(
    Object.entries({ leases, rules }).flatMap(([name, extension]) => {
      if (extension === undefined) return [];
      if (typeof extension?.level !== "function") throw misuse(name, `made by ${name}()`, extension);
      return extension;
    }),
  );
}
