import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { ExpectedError } from "../../src/server/errors.ts";

/** Git leaves this folder alone, and so does the Worker's bundle. */
const FOLDER = ".wrangler";
const FILE = `${FOLDER}/demo.json`;

/** Where a running demo is, for `npm run demo:traffic`. */
export interface RunningDemo {
  /** Of its Worker. */
  readonly worker: string;
  /** Of its Redis over REST. */
  readonly url: string;
  readonly token: string;
}

/** Tells where the demo is, to the owner of this folder alone. The one that started last is told of. */
export async function tellDemo(demo: RunningDemo): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  await writeFile(FILE, "", { mode: 0o600 });
  // A file that was there keeps its mode else.
  await chmod(FILE, 0o600);
  await writeFile(FILE, JSON.stringify(demo));
}

/** Tells it no longer, unless another demo has started since. */
export async function forgetDemo({ worker }: Pick<RunningDemo, "worker">): Promise<void> {
  const told = await read();
  if (told?.worker === worker) await rm(FILE, { force: true });
}

/** The demo that runs. @throws {ExpectedError} if none does */
export async function runningDemo(): Promise<RunningDemo> {
  const demo = await read();
  const answers =
    demo &&
    (await fetch(demo.worker).then(
      ({ ok }) => ok,
      () => false,
    ));
  if (answers) return demo;
  throw new ExpectedError("no demo runs here: npm start in another terminal of this folder, then this again");
}

async function read(): Promise<RunningDemo | undefined> {
  try {
    return JSON.parse(await readFile(FILE, "utf8")) as RunningDemo;
  } catch {
    return undefined;
  }
}
