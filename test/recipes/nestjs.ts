import type { INestApplication } from "@nestjs/common";
import { createLimiter, memoryStore, tokenBucket } from "sluice";
import { clientIp, rateLimit } from "sluice/node";

const limiter = createLimiter({
  name: "api",
  store: memoryStore(),
  policies: [tokenBucket({ limit: 5, window: "10 s" })],
});

/** Call it in main.ts, between `NestFactory.create` and `app.listen`. */
export function limit(app: INestApplication): void {
  app.use("/api", rateLimit({ limiter, key: clientIp }));
}
