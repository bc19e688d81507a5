import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { whatIsLeft } from "./temporary-folder.ts";

test("what the tests leave in a folder is named, what other makers' programs leave is not", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-stays-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const name of ["tsx-0", `miniflare-${"0".repeat(32)}`]) await mkdir(join(folder, name));
  expect(await whatIsLeft(folder, 0)).toEqual([]);
  await mkdir(join(folder, "sluice-redis-1"));
  await writeFile(join(folder, "sluice-left.txt"), "");
  expect(await whatIsLeft(folder, 0)).toEqual(["sluice-left.txt", "sluice-redis-1"]);
});

test("what is removed in time does not count", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-stays-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, "sluice-late"));
  const told = whatIsLeft(folder, 60_000);
  await rm(join(folder, "sluice-late"), { recursive: true });
  expect(await told).toEqual([]);
});
