// The app of test/compat/upstash-ratelimit/app.ts in a process of its own, which tells its port when it listens.
import { serve } from "@hono/node-server";
import { app } from "../../test/compat/upstash-ratelimit/app.ts";

const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => process.send?.({ port }));
process.once("disconnect", () => server.close());
