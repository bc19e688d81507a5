import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./bundle.ts";
import { type Machine, machine } from "./machine.ts";

/** What a program of its own has measured, and where. */
export interface Apart<Rows> {
  readonly machine: Machine;
  readonly seconds: number;
  readonly rows: Rows;
}

const fileOf = (folder: string, name: string) => join(folder, "results", `${name}.json`);

/** Runs `measure` and writes what it returns into `results/<name>.json`. */
export async function measuredApart<Rows>(name: string, measure: () => Promise<Rows>): Promise<Rows> {
  const described = await machine();
  const start = performance.now();
  const rows = await measure();
  const told: Apart<Rows> = { machine: described, seconds: Math.round((performance.now() - start) / 1000), rows };
  const folder = join(root, "bench");
  await mkdir(join(folder, "results"), { recursive: true });
  await writeFile(fileOf(folder, name), `${JSON.stringify(told)}\n`);
  return rows;
}

/** What the folder has of it; `undefined` if it was not measured. */
export async function readApart<Rows>(folder: string, name: string): Promise<Apart<Rows> | undefined> {
  const text = await readFile(fileOf(folder, name), "utf8").catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text);
}
