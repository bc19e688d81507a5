import { announcedBy } from "./announced.ts";

/**
 * Ms that a response tells to wait: by `Retry-After` in seconds or as a date; else by the quotas of which nothing is left, in
 * any dialect that Sluice sends, or `X-RateLimit-Reset` as a time; else by a problem document or a decision as JSON, for scripts
 * of other origins that see no fields. 0 if nothing has to be waited for, `undefined` if a denial (429, 503) does not tell, as
 * where a cost can never pass. The body stays readable. `now`: ms since the epoch, for what is told as a time.
 */
export async function retryAfterOf(response: Response, now: number = Date.now()): Promise<number | undefined> {
  const { headers, status } = response;
  const field = headers.get("Retry-After");
  if (field !== null) {
    // By the server's own clock where it tells that: this one may be wrong.
    const ms = /^\s*\d/.test(field)
      ? Number(field) * 1000
      : Date.parse(field) - (Date.parse(headers.get("Date") ?? "") || now);
    if (!Number.isNaN(ms)) return Math.max(0, ms);
  }
  const resets = announcedBy(response, now).flatMap(({ remaining, resetMs = 0 }) => (remaining > 0 ? [] : resetMs));
  const longest = Math.max(0, ...resets);
  if (longest > 0 || (status !== 429 && status !== 503)) return longest;
  return /json/i.test(headers.get("Content-Type") ?? "") ? toldBy(response.clone()) : undefined;
}

async function toldBy(response: Response): Promise<number | undefined> {
  try {
    const told = await response.json();
    const ms = told.retryAfterMs ?? told["retry-after"] * 1000;
    return ms >= 0 ? ms : undefined;
  } catch {
    return undefined;
  }
}
