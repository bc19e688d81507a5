import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Miniflare, type MiniflareOptions } from "miniflare";

/** A Miniflare whose `dispose` waits until its files are gone: its own only begins to remove them, which the end of a process cuts off. */
export function createMiniflare(options: MiniflareOptions): Miniflare {
  const outer = tmpdir();
  const folder = mkdtempSync(join(outer, "sluice-miniflare-"));
  Object.assign(process.env, { TMPDIR: folder });
  const worker = new Miniflare(options);
  Object.assign(process.env, { TMPDIR: outer });
  const dispose = worker.dispose.bind(worker);
  worker.dispose = async () => {
    await dispose();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  return worker;
}
