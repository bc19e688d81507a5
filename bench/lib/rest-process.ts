import { createRedisRest } from "../../src/server/rest/server.ts";

// The REST server alone in a process; it ends when the process that started it lets go of it.
const server = await createRedisRest({ redis: process.argv[2] as string });
process.once("disconnect", () => server.close());
process.send?.({ url: server.url, token: server.token });
