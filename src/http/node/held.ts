import type { ServerResponse } from "node:http";
import type { Decision } from "../../core/decision.ts";
import type { Serving } from "../../limiter/in-flight/held.ts";
import { MAX_TIMER_MS } from "../../limiter/time.ts";

/** Keeps a place until the response has been sent or its client has left; extends it every half of the hold in which something was sent. */
export function holdUntilClosed(decision: Decision & Serving, response: ServerResponse): void {
  const { holdMs } = decision;
  if (holdMs === 0) return;
  const release = () => void decision.release();
  if (response.closed) {
    release();
    return;
  }
  const sent = () => response.socket?.bytesWritten ?? 0;
  let before = sent();
  const timer = setInterval(
    () => {
      const now = sent();
      if (now === before) return;
      before = now;
      decision.extend().catch(() => {});
    },
    Math.min(MAX_TIMER_MS, Math.max(1, Math.floor(holdMs / 2))),
  );
  // A response that nobody ends must not keep a process alive.
  timer.unref();
  response.once("close", () => {
    clearInterval(timer);
    release();
  });
}
