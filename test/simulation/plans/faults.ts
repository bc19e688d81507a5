import type { Weather } from "../world/network.ts";
import { type Stream, share } from "../world/random.ts";

/** What becomes of requests and replies: each fault as likely as `most` at most. */
export function faultsUpTo(stream: Stream, most: number): Omit<Weather, "latency"> {
  const drawn = () => most * share(stream);
  const [lostRequest, lostReply, resetBefore, resetAfter] = [drawn(), drawn(), drawn(), drawn()];
  return { lostRequest, lostReply, resetBefore, resetAfter };
}
