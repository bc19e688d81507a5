import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { repository, run } from "./processes.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The packed library, as npm would publish it. */
    tarball: string;
  }
}

/** Packs the library once for all tests. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-pack-"));
  const lines = await run("npm", ["pack", "--silent", "--pack-destination", folder], repository);
  project.provide("tarball", join(folder, lines.trim().split("\n").at(-1) as string));
  return () => rm(folder, { recursive: true, force: true });
}
