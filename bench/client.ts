// `npm run bench:client`: 100 clients before a limited Worker in workerd that together want four times its quota, with
// createFetch and with fetch alone. Prints parts of the quota and of the requests, no times; writes them to results/client.json, and
// RESULTS.md anew. It takes 45 s.
import { plain, spreading } from "../test/http/client/real-crowd.ts";
import { startWorker } from "../test/support/worker.ts";
import { measuredApart } from "./lib/apart.ts";
import { FOLDER, report } from "./report/report.ts";
import type { ClientRow } from "./report/tables-apart.ts";

const percent = (part: number) => `${(100 * part).toFixed(1)} %`;

async function measure(): Promise<ClientRow[]> {
  const worker = await startWorker("test/http/client/worker.ts", {});
  try {
    const url = await worker.ready;
    const rows: ClientRow[] = [];
    for (const [name, run] of Object.entries({ "createFetch({ spread })": spreading, "fetch alone": plain })) {
      rows.push({ name, ...(await run(url)) });
    }
    return rows;
  } finally {
    await worker.dispose();
  }
}

for (const { name, used, denied, sent, deniedFromStart } of await measuredApart("client", measure)) {
  console.log(
    `${name}: ${percent(used)} of the quota used, ${percent(denied)} of the requests denied ` +
      `(${percent(deniedFromStart)} with the first 5 s), ${sent} sent`,
  );
}
await report(FOLDER);
