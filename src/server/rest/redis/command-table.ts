import type { Reply } from "./reply.ts";
import type { Word } from "./word.ts";

/** What Redis says about its commands. */
export interface CommandTable {
  /** True if Redis marks the command as one that only reads. */
  isRead(command: readonly Word[]): boolean;
  /** True unless Redis marks the command as one that never writes. */
  mayWrite(command: readonly Word[]): boolean;
}

const SCRIPT_READS = new Set(["EVAL_RO", "EVALSHA_RO", "FCALL_RO"]);
const SCRIPT_WRITES = new Set(["EVAL", "EVALSHA", "FCALL"]);
const ALWAYS_ALLOWED = new Set(["PING", "ECHO"]);

/** A table from the reply to `COMMAND`; with an empty one every command may write and none is known to only read. */
export function createCommandTable(reply: Reply): CommandTable {
  const flags = new Map<string, ReadonlySet<string>>();
  const learn = (entry: readonly Reply[]) => {
    const words = (entry[2] as readonly Reply[]).map(String);
    flags.set(String(entry[0]).toUpperCase(), new Set(words));
    for (const subcommand of (entry[9] as readonly (readonly Reply[])[] | undefined) ?? []) learn(subcommand);
  };
  for (const entry of reply as readonly (readonly Reply[])[]) learn(entry);

  const flagsOf = (name: string, command: readonly Word[]) => {
    const own = flags.get(name);
    // Containers such as XINFO carry their flags on `XINFO|STREAM`.
    return own && command.length > 1 ? (flags.get(`${name}|${String(command[1]).toUpperCase()}`) ?? own) : own;
  };
  return {
    isRead(command) {
      const name = String(command[0]).toUpperCase();
      if (ALWAYS_ALLOWED.has(name) || SCRIPT_READS.has(name)) return true;
      return flagsOf(name, command)?.has("readonly") ?? false;
    },
    mayWrite(command) {
      const name = String(command[0]).toUpperCase();
      if (SCRIPT_WRITES.has(name)) return true;
      if (SCRIPT_READS.has(name)) return false;
      const known = flagsOf(name, command);
      return known === undefined || known.has("write");
    },
  };
}
