import type { Socket } from "node:net";
import type { AnswerPlain } from "./plain-answer.ts";
import { readPlainRequest } from "./plain-request.ts";

/** Serves connections for as long as they send nothing but plain requests. */
export interface FastLane {
  /** Takes a new connection. */
  take(socket: Socket): void;
  /** Closes its connections on which no answer is under way. */
  closeIdle(): void;
}

export interface FastLaneOptions {
  readonly answer: AnswerPlain;
  /** Gets the connection and the bytes that are not plain, and keeps it from then on. */
  readonly handOver: (socket: Socket, chunk: Buffer) => void;
  /** How long a connection may be silent before its first request, or in the middle of an answer, in ms. */
  readonly timeoutMs: number;
  /** How long it may be silent between requests, in ms. */
  readonly keepAliveMs: number;
}

/**
 * Nearly every request of a rate limiter is a small `POST /` or `POST /pipeline` in one piece. Read and answered here it
 * costs two thirds of what it costs in node:http, and a third of what it costs as a route. The first chunk that is
 * anything else, or not yet complete, takes its connection to node:http for good, with its parser, limits and timeouts.
 */
export function createFastLane({ answer, handOver, timeoutMs, keepAliveMs }: FastLaneOptions): FastLane {
  const idle = new Set<Socket>();

  const take = (socket: Socket) => {
    let isBusy = false;
    let hasEnded = false;
    let waiting: Buffer | undefined;

    const leave = () => {
      idle.delete(socket);
      socket.off("data", onData).off("timeout", onTimeout).off("error", onError).off("end", onEnd).off("close", leave);
      socket.setTimeout(0);
    };
    const onTimeout = () => socket.destroy();
    const onError = () => socket.destroy();
    // The server's sockets may stay half open, for clients that send their last request and say so.
    const onEnd = () => {
      hasEnded = true;
      if (!isBusy) socket.end();
    };
    const onData = (chunk: Buffer) => {
      if (isBusy) {
        // A second request before the first answer waits for its turn, and no third is read meanwhile.
        waiting = waiting ? Buffer.concat([waiting, chunk]) : chunk;
        socket.pause();
        return;
      }
      const request = readPlainRequest(chunk);
      if (request === undefined) {
        leave();
        handOver(socket, chunk);
        return;
      }
      isBusy = true;
      idle.delete(socket);
      void answer(request).then(finish);
    };
    const finish = (response: string | Buffer) => {
      isBusy = false;
      if (socket.destroyed) return;
      socket.write(response);
      idle.add(socket);
      if (waiting === undefined) {
        if (hasEnded) socket.end();
        return;
      }
      const next = waiting;
      waiting = undefined;
      socket.resume();
      onData(next);
    };

    socket.setTimeout(timeoutMs);
    socket.once("data", () => socket.setTimeout(keepAliveMs));
    socket.on("data", onData).on("timeout", onTimeout).on("error", onError).on("end", onEnd).on("close", leave);
    idle.add(socket);
  };
  return {
    take,
    closeIdle() {
      for (const socket of idle) socket.end();
    },
  };
}
