import type { CommandObserver } from "../rest/commands/gateway.ts";

/** Commands whose arguments hold passwords: only their first words are shown. */
const SECRETIVE = /^(ACL|AUTH|HELLO|CONFIG|MIGRATE)$/i;

/** Prints each command with its time, e.g. `0.41 ms  EVALSHA 4f2c… 1 sluice:{ann} 3`. Values are cut short. */
export function createCommandLog(print: (line: string) => void): CommandObserver {
  return (command, durationMs, error) => {
    const words = command.slice(0, SECRETIVE.test(String(command[0])) ? 2 : 8).map((word) => {
      const text = cut(String(word), 40);
      return /^[^\s"\\\p{C}]+$/u.test(text) ? text : JSON.stringify(text);
    });
    const more = command.length > words.length ? ` (+${command.length - words.length})` : "";
    const outcome = error ? `  -> ${cut(error.message, 120)}` : "";
    print(`${durationMs.toFixed(2).padStart(8)} ms  ${words.join(" ")}${more}${outcome}`);
  };
}

const cut = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most)}…`);
