import { OVER_REST } from "../subjects/over-rest.ts";
import type { Endpoints } from "../subjects/subject.ts";
import { createRunner, type Job } from "./job.ts";

interface Context {
  waitUntil(task: Promise<unknown>): void;
}

let run: ReturnType<typeof createRunner> | undefined;
let context: Context;

// workerd as the runtime under test: does the job in the request's body, one request at a time.
export default {
  async fetch(request: Request, { ENDPOINTS }: { ENDPOINTS: Endpoints }, own: Context): Promise<Response> {
    context = own;
    run ??= createRunner(
      (library) => (library === "rate-limiter-flexible" ? undefined : OVER_REST[library]),
      ENDPOINTS,
      (task) => context.waitUntil(task),
    );
    const job: Job = await request.json();
    return Response.json(await run(job));
  },
};
