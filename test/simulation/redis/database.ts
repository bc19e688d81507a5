import { FLAGS, type Script } from "../../../src/algorithm/scripts.ts";
import type { RuleMade } from "../world/history.ts";
import { createKeyspace } from "./keyspace.ts";
import { RULES_KEY, storedRules } from "./rules.ts";
import { type Execution, TWINS, type Twin } from "./twin.ts";

/** One of the three commands that a limiter sends. */
export interface Command {
  readonly name: "EVALSHA" | "EVAL" | "DEL";
  /** The digest or the text; empty for DEL. */
  readonly script: string;
  readonly keys: readonly string[];
  readonly args: readonly string[];
}

export interface DatabaseOptions {
  readonly name: string;
  /** Its own clock, in whole ms since the epoch: by it keys expire. */
  readonly now: () => number;
  /** Whether a script may begin with a line of flags, as on Upstash; stock Redis refuses it. Default true. */
  readonly takesFlags?: boolean;
  /** Whether it knows the scripts from the start. Default false. */
  readonly knowsScripts?: boolean;
  /** Default: today's scripts. */
  readonly twins?: readonly Twin[];
}

/** A Redis in which the scripts' twins stand in for the scripts. */
export interface Database {
  readonly name: string;
  now(): number;
  /** Carries out one command at once; throws an error with Redis's text where Redis would answer with one. */
  execute(command: Command): Execution;
  /** An operator has put these in place of its rules. */
  rule(rules: readonly RuleMade[]): void;
  /** Loses its scripts, as with a restart; and if `all`, what it stores. */
  lose(all: boolean): void;
  /** Everything in it, as text: equal where it would answer alike. */
  dump(): string;
  /** Commands billed so far. */
  readonly billed: number;
  /** Keys kept, with some that have expired lately. */
  readonly keys: number;
}

export function createDatabase(options: DatabaseOptions): Database {
  const { name, now, takesFlags = true, knowsScripts = false, twins = TWINS } = options;
  const bySha1 = new Map(twins.flatMap((twin) => [[twin.script.sha1, twin] as const, [twin.script.flaggedSha1, twin]]));
  const byText = new Map(
    twins.flatMap((twin) => [
      [twin.script.text, twin.script.sha1] as const,
      [`${FLAGS}\n${twin.script.text}`, twin.script.flaggedSha1],
    ]),
  );
  const loaded = new Set<string>(knowsScripts ? bySha1.keys() : []);
  const keyspace = createKeyspace();
  let billed = 0;
  let ruled = 0;

  function load(text: string): string {
    const sha1 = byText.get(text);
    if (!sha1) throw says("ERR Error compiling script: no script with a twin");
    if (!takesFlags && text.startsWith("#!")) throw says("ERR Unexpected flag in script shebang: allow-key-locking");
    loaded.add(sha1);
    return sha1;
  }

  return {
    name,
    now,
    execute({ name: command, script, keys, args }) {
      billed += 1;
      if (command === "DEL") {
        keyspace.delete(keys[0] ?? "");
        return { reply: 1, steps: [], billed: 1 };
      }
      const sha1 = command === "EVAL" ? load(script) : script;
      const twin = loaded.has(sha1) ? bySha1.get(sha1) : undefined;
      if (!twin) throw says("NOSCRIPT No matching script. Please use EVAL.");
      const execution = twin.run(keyspace, keys, args, now());
      billed += execution.billed - 1;
      return execution;
    },
    rule(rules) {
      ruled += 1;
      keyspace.set(RULES_KEY, { value: storedRules(rules, ruled, now()), endsAt: Infinity }, now());
    },
    lose(all) {
      loaded.clear();
      if (all) keyspace.clear();
    },
    dump: () => JSON.stringify([[...keyspace.entries()], [...loaded]]),
    get billed() {
      return billed;
    },
    get keys() {
      return keyspace.size;
    },
  };
}

/** The script that a command names by its digest or its text. */
export function scriptOf(named: string): Script {
  const found = TWINS.find(({ script }) => {
    const { text, sha1, flaggedSha1 } = script;
    return [text, sha1, flaggedSha1, `${FLAGS}\n${text}`].includes(named);
  });
  if (!found) throw new Error("no script of that name");
  return found.script;
}

function says(text: string): Error {
  return Object.assign(new Error(text), { name: "UpstashError" });
}
