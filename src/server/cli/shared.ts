import { once } from "node:events";
import { InvalidArgumentError } from "@commander-js/extra-typings";
import { ExpectedError } from "../errors.ts";

/** Shows what a person can mend as one line, and ends with exit code 1. */
export function fail(error: unknown): void {
  if (!(error instanceof ExpectedError)) throw error;
  console.error(`sluice: ${error.message}`);
  process.exitCode = 1;
}

/** Resolves when somebody ends this process: with Ctrl-C, SIGTERM or the terminal. */
export async function untilEnded(): Promise<void> {
  await Promise.race(["SIGINT", "SIGTERM", "SIGHUP"].map((name) => once(process, name)));
}

/** Reads an option's value. */
export function wholeNumber(least: number, most: number): (value: string) => number {
  return (value) => {
    if (/^\d+$/.test(value) && Number(value) >= least && Number(value) <= most) return Number(value);
    throw new InvalidArgumentError(`A whole number from ${least} to ${most} is due.`);
  };
}
