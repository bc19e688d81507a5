import type { CommandObserver } from "../rest/commands/gateway.ts";
import type { Command, Word } from "../rest/redis/protocol.ts";

const MOST_WORDS = 8;
const MOST_CHARACTERS = 40;

/** Commands whose arguments hold passwords: only their first words are shown. */
const SECRETIVE = /^(ACL|AUTH|HELLO|CONFIG|MIGRATE)$/i;

/** Prints each command with its time, e.g. `0.41 ms  EVALSHA 4f2c… 1 sluice:{ann} 3`. Values are cut short. */
export function createCommandLog(print: (line: string) => void): CommandObserver {
  return (command, durationMs, error) => {
    const outcome = error ? `  -> ${cut(error.message, 120)}` : "";
    print(`${durationMs.toFixed(2).padStart(8)} ms  ${describe(command)}${outcome}`);
  };
}

function describe(command: Command): string {
  const words = command.slice(0, SECRETIVE.test(String(command[0])) ? 2 : MOST_WORDS).map(show);
  const more = command.length - words.length;
  return words.join(" ") + (more > 0 ? ` (+${more})` : "");
}

function show(word: Word): string {
  const text = cut(word.toString(), MOST_CHARACTERS);
  return /^[^\s"\\\p{C}]+$/u.test(text) ? text : JSON.stringify(text);
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}…`;
}
