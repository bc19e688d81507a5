import { keyword, type Reply, type Word } from "./protocol.ts";

/** What Redis says about its commands. */
export interface CommandTable {
  /** Name in upper case, e.g. `XINFO|STREAM`, flags and ACL categories; undefined for a command it does not know. */
  find(command: readonly Word[]): CommandInfo | undefined;
  /** True unless Redis marks the command as one that never writes. */
  mayWrite(command: readonly Word[]): boolean;
  /** The key that decides to which node of a cluster a command goes; undefined if it has none. */
  firstKey(command: readonly Word[]): Word | undefined;
}

export interface CommandInfo {
  readonly name: string;
  /** Such as `readonly`, `admin`, and categories such as `@connection`. */
  readonly marks: ReadonlySet<string>;
  /** Place of the first key, 0 if there is none or it depends on the arguments. */
  readonly firstKey: number;
  readonly hasMovableKeys: boolean;
}

/** Runs a script that may do anything, or one that only reads, whatever its flags are. */
export const SCRIPT = /^(EVAL|EVALSHA|FCALL)(_RO)?$/;

/** A table from the reply to `COMMAND`; with an empty one nothing is known, and every command may write. */
export function createCommandTable(reply: Reply): CommandTable {
  const commands = new Map<string, CommandInfo>();
  const learn = (entry: readonly Reply[]) => {
    const marks = new Set([...(entry[2] as readonly Reply[]), ...((entry[6] ?? []) as readonly Reply[])].map(String));
    const name = keyword(entry[0] as Buffer);
    commands.set(name, { name, marks, firstKey: Number(entry[3]), hasMovableKeys: marks.has("movablekeys") });
    for (const subcommand of (entry[9] ?? []) as readonly (readonly Reply[])[]) learn(subcommand);
  };
  for (const entry of reply as readonly (readonly Reply[])[]) learn(entry);

  const find = (command: readonly Word[]) => {
    const name = keyword(command[0]);
    // Containers such as XINFO carry their marks on `XINFO|STREAM`.
    return (command.length > 1 && commands.get(`${name}|${keyword(command[1])}`)) || commands.get(name);
  };
  return {
    find,
    mayWrite(command) {
      const [isScript, readsOnly] = SCRIPT.exec(keyword(command[0])) ? [true, /_RO$/i.test(String(command[0]))] : [];
      return isScript ? !readsOnly : (find(command)?.marks.has("write") ?? true);
    },
    firstKey(command) {
      const info = find(command);
      if (!info || info.firstKey > 0) return command[info?.firstKey ?? command.length];
      if (!info.hasMovableKeys) return undefined;
      if (info.marks.has("@stream")) return command[command.map(keyword).indexOf("STREAMS") + 1];
      // The number of keys comes before them; a script or function stands before that.
      const at = SCRIPT.test(info.name) ? 2 : 1;
      return Number(command[at]) > 0 ? command[at + 1] : undefined;
    },
  };
}
