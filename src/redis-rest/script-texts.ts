import { createHash } from "node:crypto";
import type { Word } from "./redis-link.ts";
import { isReplyError, type Reply } from "./reply.ts";

/** A command as Redis is to get it, and what to do with its answer. */
export interface TranslatedCommand {
  readonly command: readonly Word[];
  onReply?(reply: Reply): Reply;
}

/** Lets stock Redis run scripts that are marked for Upstash, under the SHA-1 that their callers know. */
export interface ScriptTexts {
  /** Rewrites EVAL, EVALSHA and SCRIPT (and their read-only forms); gives any other command back as it is. */
  translate(command: readonly Word[]): TranslatedCommand;
}

// Upstash takes a lock per key instead of a global one for `#!lua flags=allow-key-locking`; Redis refuses that flag.
const LOCKING = "allow-key-locking";
const MOST_SCRIPTS = 10_000;

/** An empty table; it learns from the scripts that pass through it. */
export function createScriptTexts(): ScriptTexts {
  /** SHA-1 of the text as the caller has it → SHA-1 of the text that Redis gets. */
  const shas = new Map<string, string>();

  const learn = (text: string): string => {
    const plain = withoutLocking(text);
    if (plain === text) return text;
    if (shas.size >= MOST_SCRIPTS) shas.delete(shas.keys().next().value as string);
    shas.set(sha1(text), sha1(plain));
    return plain;
  };
  const shaFor = (sha: Word): Word => shas.get(String(sha).toLowerCase()) ?? sha;

  return {
    translate(command) {
      const [name = "", first = "", ...rest] = command;
      switch (String(name).toUpperCase()) {
        case "EVAL":
        case "EVAL_RO":
          return { command: [name, learn(String(first)), ...rest] };
        case "EVALSHA":
        case "EVALSHA_RO":
          return { command: [name, shaFor(first), ...rest] };
        case "SCRIPT":
          return script(name, first, rest);
        default:
          return { command };
      }
    },
  };

  function script(name: Word, subcommand: Word, args: readonly Word[]): TranslatedCommand {
    const [first = ""] = args;
    switch (String(subcommand).toUpperCase()) {
      case "LOAD": {
        const text = String(first);
        const answer = Buffer.from(sha1(text));
        const onReply = (reply: Reply) => (isReplyError(reply) ? reply : answer);
        return { command: [name, subcommand, learn(text), ...args.slice(1)], onReply };
      }
      case "EXISTS":
        return { command: [name, subcommand, ...args.map(shaFor)] };
      case "FLUSH":
        shas.clear();
        return { command: [name, subcommand, ...args] };
      default:
        return { command: [name, subcommand, ...args] };
    }
  }
}

/** The text without the flag; its lines keep their numbers. */
function withoutLocking(text: string): string {
  if (!text.startsWith("#!lua")) return text;
  const end = text.indexOf("\n");
  const shebang = end === -1 ? text : text.slice(0, end);
  const flags = /\sflags=(\S*)/.exec(shebang)?.[1]?.split(",");
  if (!flags?.includes(LOCKING)) return text;
  const others = flags.filter((flag) => flag !== LOCKING && flag !== "");
  const rest = end === -1 ? "" : text.slice(end);
  return others.length === 0 ? rest : `#!lua flags=${others.join(",")}${rest}`;
}

function sha1(text: string): string {
  return createHash("sha1").update(text).digest("hex");
}
