import { chmod, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

/** Whatever this repository makes in a temporary folder; other makers' programs (tsx, Miniflare, Chromium) leave things there. */
const OWN = /^sluice-/;
const PATIENCE_MS = 15_000;

/** A temporary folder for this run alone; a run that leaves anything of its own in it has failed. */
export async function setup(): Promise<() => Promise<void>> {
  const outer = tmpdir();
  const folder = await mkdtemp(join(outer, "sluice-run-"));
  // Some tests run programs as a plain user, who has to get through to folders of their own in it.
  await chmod(folder, 0o711);
  Object.assign(process.env, { TMPDIR: folder });
  return async () => {
    const left = await whatIsLeft(folder, PATIENCE_MS);
    Object.assign(process.env, { TMPDIR: outer });
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    if (left.length === 0) return;
    process.exitCode = 1;
    process.stderr.write(`\nThe tests have left in the temporary folder: ${left.join(", ")}\n`);
  };
}

/** What of ours is still there after that time: what was just told to end may be about to clear up. */
export async function whatIsLeft(folder: string, patienceMs: number): Promise<string[]> {
  const until = Date.now() + patienceMs;
  for (;;) {
    const left = (await readdir(folder)).filter((name) => OWN.test(name)).sort();
    if (left.length === 0 || Date.now() >= until) return left;
    await setTimeout(50);
  }
}
