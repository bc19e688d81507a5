import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { ExpectedError } from "../errors.ts";

/**
 * Runs a program until it ends; when `ended` resolves, it is asked to end. Gives its exit code, as a shell would.
 * @throws {ExpectedError} if it can't be started
 */
export async function runBeside([name = "", ...args]: readonly string[], env: object, ended: Promise<void>) {
  const isWindows = process.platform === "win32";
  const child = spawn(name, args, { stdio: "inherit", env: { ...process.env, ...env }, shell: isWindows });
  const over = once(child, "exit").catch((error: Error) => {
    throw new ExpectedError(`can't start ${name}: ${error.message}`);
  });
  // Ctrl-C reaches it by itself; another signal may be meant for this process alone.
  void ended.then(() => child.kill("SIGTERM"));
  const [code, signal] = (await over) as [number | null, NodeJS.Signals | null];
  return code ?? 128 + constants.signals[signal as NodeJS.Signals];
}
