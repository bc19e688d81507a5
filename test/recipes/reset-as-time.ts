import { type Dialect, legacyFields } from "sluice/hono";

/** `X-RateLimit-*` with `Reset` as a time, in seconds since the epoch, for clients that read it so. */
export const legacyFieldsWithTime: Dialect = {
  names: legacyFields.names,
  write(headers, decision) {
    legacyFields.write(headers, decision);
    const seconds = Number(headers.get("X-RateLimit-Reset"));
    headers.set("X-RateLimit-Reset", `${Math.ceil(Date.now() / 1000) + seconds}`);
  },
};
