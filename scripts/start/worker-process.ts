// A process of its own for the Worker, since its tools end their process as soon as a signal comes, before workerd has
// ended. It ends when its parent lets go of it, however that happens; what is secret comes by message, not by argument.
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { unstable_startWorker as startWorker } from "wrangler";

/** What the parent sends, once. */
export interface WorkerSettings {
  readonly port: number;
  /** Values of the Worker's secrets, by name. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** What this process answers, once. */
export type WorkerReport = { readonly ready: true } | { readonly ready: false; readonly reason: string };

// That of this process alone, with what its tools leave in it; a parent that was killed can't remove it.
process.once("exit", () => rmSync(tmpdir(), { recursive: true, force: true, maxRetries: 3 }));

process.once("message", async ({ port, secrets }: WorkerSettings) => {
  let worker: Awaited<ReturnType<typeof startWorker>> | undefined;
  process.once("disconnect", async () => {
    await worker?.dispose();
    process.exit();
  });
  const bindings = Object.entries(secrets).map(([name, value]) => [name, { type: "secret_text", value }] as const);
  try {
    worker = await startWorker({
      config: "wrangler.toml",
      bindings: Object.fromEntries(bindings),
      dev: { server: { hostname: "127.0.0.1", port }, inspector: false, persist: false, logLevel: "log" },
    });
    await worker.ready;
    report({ ready: true });
  } catch (error) {
    report({ ready: false, reason: error instanceof Error ? error.message : String(error) });
  }
});

function report(message: WorkerReport): void {
  process.send?.(message);
}
