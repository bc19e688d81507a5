import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { whatIsLeft, whatStays } from "./temporary-folder.ts";

test("what stays in a folder is named, but for what programs keep for their next start", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-stays-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, "tsx-0"));
  expect(await whatStays(folder, 0)).toEqual([]);
  await mkdir(join(folder, "miniflare-1"));
  await writeFile(join(folder, "left.txt"), "");
  const ofMiniflare = `miniflare-${"0".repeat(32)}`;
  await mkdir(join(folder, ofMiniflare));
  expect(await whatStays(folder, 0)).toEqual(["left.txt", ofMiniflare, "miniflare-1"]);
  expect(await whatIsLeft(folder, 0)).toEqual(["left.txt", "miniflare-1"]);
});

test("what is removed in time does not count", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-stays-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, "late"));
  const told = whatStays(folder, 60_000);
  await rm(join(folder, "late"), { recursive: true });
  expect(await told).toEqual([]);
});
