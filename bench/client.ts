// `npm run bench:client`: 100 clients before a limited Worker in workerd that together want four times its quota, with
// createFetch and with fetch alone. Prints parts of the quota and of the requests, no times.
import { plain, spreading } from "../test/http/client/real-crowd.ts";
import { startWorker } from "../test/support/worker.ts";

const percent = (part: number) => `${(100 * part).toFixed(1)} %`;

const worker = await startWorker("test/http/client/worker.ts", {});
try {
  const url = await worker.ready;
  for (const [name, run] of Object.entries({ "createFetch({ spread })": spreading, "fetch alone": plain })) {
    const { used, denied, sent, deniedFromStart } = await run(url);
    console.log(
      `${name}: ${percent(used)} of the quota used, ${percent(denied)} of the requests denied ` +
        `(${percent(deniedFromStart)} with the first 5 s), ${sent} sent`,
    );
  }
} finally {
  await worker.dispose();
}
