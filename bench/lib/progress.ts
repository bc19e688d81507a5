/** Told what is being measured, in a line. */
export type Say = (line: string) => void;

/** One line on stderr that is written over, with the time since the start. */
export function progress(): { say: Say; end(): void } {
  const start = performance.now();
  const seconds = () => `${Math.round((performance.now() - start) / 1000)} s`.padStart(6);
  const terminal = process.stderr.isTTY;
  return {
    say: (line) => process.stderr.write(terminal ? `\r\x1b[K${seconds()}  ${line}` : `${seconds()}  ${line}\n`),
    end: () => process.stderr.write(terminal ? "\r\x1b[K" : ""),
  };
}
