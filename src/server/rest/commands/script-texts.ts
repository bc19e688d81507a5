import { createHash } from "node:crypto";
import { isReplyError, type Reply } from "../redis/reply.ts";
import type { Word } from "../redis/word.ts";

/** A command as Redis is to get it, and what the caller is to get instead of its reply. */
export interface TranslatedCommand {
  readonly command: readonly Word[];
  onReply?(reply: Reply): Reply;
}

/** Lets stock Redis run scripts that are marked for Upstash, under the SHA-1 that their callers know. */
export interface ScriptTexts {
  /** Rewrites EVAL, EVALSHA and SCRIPT (and their read-only forms); gives any other command back as it is. */
  translate(command: readonly Word[]): TranslatedCommand;
  /** The commands that make a Redis that has lost its scripts know the marked ones again. */
  reload(): readonly (readonly Word[])[];
}

interface Marked {
  /** The text as Redis gets it, and its SHA-1. */
  readonly text: string;
  readonly sha: string;
}

// Upstash takes a lock per key instead of a global one for `#!lua flags=allow-key-locking`; Redis refuses that flag.
const LOCKING = "allow-key-locking";
const MOST_SCRIPTS = 1000;

/** An empty table; it learns from the scripts that pass through it, and forgets the oldest above 1000. */
export function createScriptTexts(): ScriptTexts {
  /** By the SHA-1 of the text as its caller has it. */
  const marked = new Map<string, Marked>();

  const learn = (text: string): string => {
    const plain = withoutLocking(text);
    if (plain === text) return text;
    if (marked.size >= MOST_SCRIPTS) marked.delete(marked.keys().next().value as string);
    marked.set(sha1(text), { text: plain, sha: sha1(plain) });
    return plain;
  };
  const shaFor = (sha: Word): Word => marked.get(String(sha).toLowerCase())?.sha ?? sha;
  const script = ([name = "", subcommand = "", ...args]: readonly Word[]): TranslatedCommand => {
    switch (String(subcommand).toUpperCase()) {
      case "LOAD": {
        const text = String(args[0] ?? "");
        const answer = Buffer.from(sha1(text));
        const onReply = (reply: Reply) => (isReplyError(reply) ? reply : answer);
        return { command: [name, subcommand, ...args.slice(0, 1).map(() => learn(text)), ...args.slice(1)], onReply };
      }
      case "EXISTS":
        return { command: [name, subcommand, ...args.map(shaFor)] };
      case "FLUSH":
        marked.clear();
    }
    return { command: [name, subcommand, ...args] };
  };

  return {
    translate(command) {
      const [name = "", first, ...rest] = command;
      if (first === undefined) return { command };
      switch (String(name).toUpperCase()) {
        case "EVAL":
        case "EVAL_RO":
          return isMarked(first) ? { command: [name, learn(String(first)), ...rest] } : { command };
        case "EVALSHA":
        case "EVALSHA_RO":
          return marked.size > 0 ? { command: [name, shaFor(first), ...rest] } : { command };
        case "SCRIPT":
          return script(command);
        default:
          return { command };
      }
    },
    reload: () => [...marked.values()].map(({ text }) => ["SCRIPT", "LOAD", text]),
  };
}

function isMarked(text: Word): boolean {
  return text.length > 5 && text.slice(0, 5).toString() === "#!lua";
}

/** The text without the flag; its lines keep their numbers. */
function withoutLocking(text: string): string {
  if (!isMarked(text)) return text;
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
