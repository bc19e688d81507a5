import { fork } from "node:child_process";
import { once } from "node:events";
import { Miniflare } from "miniflare";
import { bundleForNode, bundleForWorkerd } from "../lib/bundle.ts";
import type { Endpoints } from "../subjects/subject.ts";
import type { Job, Outcome } from "./job.ts";

/** Node or workerd, started, waiting for jobs. */
export interface Runtime {
  run<J extends Job>(job: J): Promise<Outcome<J>>;
  stop(): Promise<void>;
}

/** A fresh Node process. */
export async function startNode({ url, token, redisUrl }: Endpoints): Promise<Runtime> {
  const program = await bundleForNode("bench/end-to-end/node-process.ts");
  const child = fork(program, [JSON.stringify({ url, token, redisUrl })], { execArgv: [] });
  const ended = new Promise<never>((_resolve, reject) => {
    child.once("exit", () => reject(new Error("the process under test ended")));
  });
  ended.catch(() => {});
  const message = async () => {
    const [received] = await Promise.race([once(child, "message", { signal: AbortSignal.timeout(60_000) }), ended]);
    return received;
  };
  await message();
  return {
    run(job) {
      child.send(job);
      return message();
    },
    async stop() {
      child.disconnect();
      await ended.catch(() => {});
    },
  };
}

/** A fresh workerd, through miniflare. */
export async function startWorkerd({ url, token, redisUrl }: Endpoints): Promise<Runtime> {
  const miniflare = new Miniflare({
    modules: true,
    script: await bundleForWorkerd("bench/end-to-end/worker.ts"),
    compatibilityDate: "2026-04-20",
    compatibilityFlags: ["nodejs_compat"],
    bindings: { ENDPOINTS: { url, token, redisUrl } },
    cf: false,
  });
  await miniflare.ready;
  return {
    async run(job) {
      const response = await miniflare.dispatchFetch("http://bench/", { method: "POST", body: JSON.stringify(job) });
      if (!response.ok) throw new Error(`the Worker under test failed: ${(await response.text()).slice(0, 500)}`);
      return (await response.json()) as never;
    },
    stop: () => miniflare.dispose(),
  };
}
