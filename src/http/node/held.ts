import type { ServerResponse } from "node:http";
import type { Decision } from "../../core/decision.ts";
import type { Held } from "../../limiter/in-flight/held.ts";

/** Keeps a place until the response has been sent or its client has left; extends it every half of the hold in which something was sent. */
export function holdUntilClosed(decision: Decision & Held, response: ServerResponse): void {
  const release = () => void decision.release();
  if (response.closed) {
    release();
    return;
  }
  const { windowMs = 0 } = ("policies" in decision && decision.policies[0]) || {};
  const sent = () => response.socket?.bytesWritten ?? 0;
  let before = sent();
  const timer = setInterval(
    () => {
      const now = sent();
      if (now === before) return;
      before = now;
      decision.extend().catch(() => {});
    },
    Math.max(1, Math.floor(windowMs / 2)),
  );
  // A response that nobody ends must not keep a process alive.
  timer.unref();
  response.once("close", () => {
    clearInterval(timer);
    release();
  });
}
