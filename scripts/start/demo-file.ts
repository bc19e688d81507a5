import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { ExpectedError } from "../../src/server/errors.ts";
import { DEFAULT_PORT } from "./options.ts";

/** Git leaves this folder alone, and so does the Worker's bundle. */
const FOLDER = ".wrangler";
const fileOf = (port: number) => `${FOLDER}/demo-${port}.json`;

/** Where a running demo is, for `npm run demo:traffic`. */
export interface RunningDemo {
  /** Of its Worker. */
  readonly worker: string;
  /** Of its Redis over REST. */
  readonly url: string;
  readonly token: string;
}

/** Tells where the demo on this port is, to the owner of this folder alone. */
export async function tellDemo(port: number, demo: RunningDemo): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  // One that a killed demo left would keep its mode.
  await forgetDemo(port);
  await writeFile(fileOf(port), JSON.stringify(demo), { mode: 0o600 });
}

/** Tells it no longer. */
export const forgetDemo = (port: number): Promise<void> => rm(fileOf(port), { force: true });

/** The demo that runs on this port. @throws {ExpectedError} if none does */
export async function runningDemo(port: number): Promise<RunningDemo> {
  try {
    const demo = JSON.parse(await readFile(fileOf(port), "utf8")) as RunningDemo;
    const { ok } = await fetch(demo.worker);
    if (ok) return demo;
  } catch {
    // Nothing was told, or nobody answers.
  }
  const other = port === DEFAULT_PORT ? "" : ` -- --port ${port}`;
  throw new ExpectedError(`no demo runs on port ${port}: npm start${other} in another terminal of this folder`);
}
