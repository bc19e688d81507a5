import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import type { Raw } from "../../bench/raw.ts";
import { plots } from "../../bench/report/plots.ts";
import { apartIn, FOLDER, RAW } from "../../bench/report/report.ts";
import { results } from "../../bench/report/results.ts";
import { apartTables } from "../../bench/report/tables-apart.ts";

const committed = (file: string) => readFile(join(FOLDER, file), "utf8");
const raw: Raw = JSON.parse(await committed(RAW));

test("the committed page is what the committed figures make", async () => {
  expect(results(raw, await apartIn(FOLDER))).toBe(await committed("RESULTS.md"));
});

test("what programs of their own have measured has sections of its own", () => {
  const { machine } = raw;
  const client = { name: "fetch alone", used: 1, denied: 0.75, deniedFromStart: 0.7, sent: 4800 };
  const server = {
    framework: "Express",
    limit: "rival, Redis",
    served: 0.5,
    denied: 0.7,
    wrong: 0,
    fields: "",
  } as const;
  const inProcess = { none: [10, 12], sluice: [15, 18] };
  const page = apartTables({
    client: { machine, seconds: 43, rows: [client] },
    node: { machine, seconds: 300, rows: { servers: [server], inProcess } },
  });
  expect(page).toContain("| fetch alone | 100 % | 75 % | 70 % | 4800 |");
  expect(page).toContain("| Express | rival, Redis | 0.5 | 0.7 | 0 |");
  expect(page).toContain("| sluice | 5.5 (5–6) |");
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
