import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ExpectedError } from "../../src/server/errors.ts";
import type { WorkerReport, WorkerSettings } from "./worker-process.ts";

const PROGRAM = fileURLToPath(new URL("worker-process.ts", import.meta.url));
const END_WITHIN_MS = 5000;

// No account, no questions, nothing sent anywhere.
const QUIET = {
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV: "false",
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_LOG_PATH: ".wrangler/logs",
  WRANGLER_REGISTRY_PATH: ".wrangler/registry",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  WRANGLER_SEND_METRICS: "false",
};

/** A local workerd with the Worker of wrangler.toml, in a process of its own. */
export interface LocalWorker {
  /** Serves on 127.0.0.1; resolves when the Worker has answered a request. @throws {ExpectedError} */
  serve(settings: WorkerSettings): Promise<void>;
  /** Resolves when the process has ended, whoever ended it. */
  readonly ended: Promise<void>;
  /** Ends it and everything it started. */
  end(): Promise<void>;
}

/**
 * Starts the process, which loads its tools meanwhile. `print` gets what the Worker logs, and what keeps it from being
 * built, line by line.
 */
export function prepareWorker(print: (line: string) => void): LocalWorker {
  // Its tools may end before they have cleaned up.
  const folder = mkdtempSync(join(tmpdir(), "sluice-worker-"));
  const child = fork(PROGRAM, {
    // Out of the terminal's process group, so that Ctrl-C reaches it only through its parent.
    detached: true,
    env: { ...process.env, ...QUIET, TMPDIR: folder, ...(process.stdout.isTTY ? {} : { NO_COLOR: "1" }) },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  for (const stream of [child.stdout, child.stderr]) eachLine(stream, (line) => isOfTheWorker(line) && print(line));
  // Killed, it would leave workerd behind.
  const ended = once(child, "exit").then(() => {
    killGroup(child);
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });

  let asked = false;

  return {
    ended,
    async serve(settings) {
      asked = true;
      const reported = Promise.race([once(child, "message"), ended]);
      child.send(settings);
      const [report] = ((await reported) ?? []) as [WorkerReport?];
      if (!report) throw new ExpectedError("the Worker's process has ended");
      if (!report.ready) throw new ExpectedError(`the Worker did not start: ${report.reason}`);
      await firstAnswer(`http://127.0.0.1:${settings.port}/`);
    },
    async end() {
      // Before it is asked to serve it has started nothing, and is deaf while it loads.
      if (!asked) killGroup(child);
      else if (child.connected) child.disconnect();
      const late = setTimeout(() => killGroup(child), END_WITHIN_MS);
      await ended;
      clearTimeout(late);
    },
  };
}

async function firstAnswer(url: string): Promise<void> {
  const response = await fetch(url);
  await response.arrayBuffer();
  if (!response.ok) throw new ExpectedError(`the Worker answers ${response.status}`);
}

/** Whether a line comes from the Worker and not from the tools that run it. */
function isOfTheWorker(line: string): boolean {
  return (
    line.trim() !== "" &&
    !/^(\[wrangler:info\]|⎔ (Starting|Shutting)|🪵|Using secrets|Your Worker has access|Binding {2}|env\.)/.test(line)
  );
}

function eachLine(stream: NodeJS.ReadableStream | null, take: (line: string) => void): void {
  let rest = "";
  stream?.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
  });
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nothing of it is left.
  }
}
