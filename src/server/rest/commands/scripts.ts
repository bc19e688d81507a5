import { createHash } from "node:crypto";
import { type Command, keyword, type Reply, type Word } from "../redis/protocol.ts";

/** Lets stock Redis run scripts that are marked for Upstash, under the SHA-1 that their callers know. */
export type Scripts = ReturnType<typeof createScripts>;

// Upstash takes a lock per key instead of a global one for `#!lua flags=allow-key-locking`; Redis refuses that flag.
const LOCKING = "allow-key-locking";
const MOST_SCRIPTS = 1000;

/** An empty table; it learns from the scripts that pass through it, and forgets the oldest above 1000. */
export function createScripts() {
  /** The text as Redis gets it and its SHA-1, by the SHA-1 of the text as its caller has it. */
  const marked = new Map<string, { readonly text: string; readonly sha: string }>();

  const learn = (script: Word): Word => {
    const text = String(script.slice(0, 5)) === "#!lua" ? withoutLocking(String(script)) : undefined;
    if (text === undefined) return script;
    if (marked.size >= MOST_SCRIPTS) marked.delete(marked.keys().next().value as string);
    marked.set(sha1(script), { text, sha: sha1(text) });
    return text;
  };
  const shaFor = (sha: Word): Word => marked.get(String(sha).toLowerCase())?.sha ?? sha;

  return {
    /** The command as Redis is to get it: changes EVAL, EVALSHA and SCRIPT (and their read-only forms). */
    toRedis(command: Command): Command {
      const [name = "", first, ...rest] = command;
      if (first === undefined) return command;
      switch (keyword(name)) {
        case "EVAL":
        case "EVAL_RO":
          return [name, learn(first), ...rest];
        case "EVALSHA":
        case "EVALSHA_RO":
          return marked.size > 0 ? [name, shaFor(first), ...rest] : command;
        case "SCRIPT":
          if (keyword(first) === "LOAD") return [name, first, ...rest.map(learn)];
          if (keyword(first) === "FLUSH") marked.clear();
          return keyword(first) === "EXISTS" ? [name, first, ...rest.map(shaFor)] : command;
        default:
          return command;
      }
    },
    /** What the caller is to get instead of Redis's reply. */
    fromRedis([name, subcommand, text]: Command, reply: Reply): Reply {
      const isLoaded = text !== undefined && keyword(subcommand) === "LOAD" && keyword(name) === "SCRIPT";
      return isLoaded && !(reply instanceof Error) ? Buffer.from(sha1(text)) : reply;
    },
    /** The commands that make a Redis that has lost its scripts know the marked ones again. */
    reload: (): Command[] => [...marked.values()].map(({ text }) => ["SCRIPT", "LOAD", text]),
  };
}

/** The text without the flag; its lines keep their numbers. Undefined if it does not have it. */
function withoutLocking(text: string): string | undefined {
  const [shebang = ""] = text.split("\n", 1);
  const flags = /\sflags=(\S*)/.exec(shebang)?.[1]?.split(",");
  if (!flags?.includes(LOCKING)) return undefined;
  const others = flags.filter((flag) => flag !== LOCKING && flag !== "").join(",");
  return (others === "" ? "" : `#!lua flags=${others}`) + text.slice(shebang.length);
}

const sha1 = (text: Word): string => createHash("sha1").update(text).digest("hex");
