import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import type { Raw } from "../../bench/raw.ts";
import { plots } from "../../bench/report/plots.ts";
import { FOLDER, RAW } from "../../bench/report/report.ts";
import { results } from "../../bench/report/results.ts";

const committed = (file: string) => readFile(join(FOLDER, file), "utf8");
const raw: Raw = JSON.parse(await committed(RAW));

test("the committed page is what the committed figures make", async () => {
  expect(results(raw)).toBe(await committed("RESULTS.md"));
});

test("the committed figures are those of a whole run", () => {
  expect(raw.quick).toBe(false);
  for (const apart of Object.values(raw.apart ?? {})) expect(apart.quick).toBe(false);
  expect(raw.seconds).toBeLessThan(720);
});

test.each(Object.entries(plots(raw)))("the plot %s is the committed one, and says what it shows", async (name, svg) => {
  expect(svg).toBe(await committed(`results/${name}.svg`));
  expect(svg).not.toContain("NaN");
  const { document } = parseHTML(svg);
  expect(document.querySelector("title")?.textContent).not.toBe("");
  expect(await committed("RESULTS.md")).toContain(`results/${name}.svg`);
});
