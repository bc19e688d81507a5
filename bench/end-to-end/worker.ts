import { OVER_REST } from "../subjects/over-rest.ts";
import type { Endpoints } from "../subjects/subject.ts";
import { createRunner, type Job } from "./job.ts";

let run: ReturnType<typeof createRunner> | undefined;

// workerd as the runtime under test: does the job in the request's body.
export default {
  async fetch(request: Request, { ENDPOINTS }: { ENDPOINTS: Endpoints }): Promise<Response> {
    run ??= createRunner(
      (library) => (library === "rate-limiter-flexible" ? undefined : OVER_REST[library]),
      ENDPOINTS,
    );
    const job: Job = await request.json();
    return Response.json(await run(job));
  },
};
