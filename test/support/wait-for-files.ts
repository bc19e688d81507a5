// For tests that are shown to users, and so have a Miniflare as it is: what it removes after the last test may take a moment.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect } from "vitest";
import { whatIsLeft } from "../temporary-folder.ts";

const outer = tmpdir();
const folder = await mkdtemp(join(outer, "sluice-file-"));
Object.assign(process.env, { TMPDIR: folder });

afterAll(async () => {
  const left = await whatIsLeft(folder, 5000);
  Object.assign(process.env, { TMPDIR: outer });
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  expect(left).toEqual([]);
});
