import { connect, type Socket } from "node:net";
import type { RedisRest } from "../../../../src/server/rest/server.ts";

export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

export interface RawConnection {
  readonly socket: Socket;
  /** Everything received so far. */
  received(): string;
  /** Waits until so many whole answers have come, or the server has closed; gives those that came. */
  answers(count: number): Promise<RawAnswer[]>;
  /** Waits until the server has closed. */
  closed(): Promise<void>;
}

/** A connection whose bytes the test writes itself. */
export function openRaw(rest: Pick<RedisRest, "url">): RawConnection {
  const socket = connect(Number(new URL(rest.url).port), "127.0.0.1");
  socket.setNoDelay(true);
  let text = "";
  let isClosed = false;
  const waiting: (() => void)[] = [];
  const wake = () => {
    for (const each of waiting.splice(0)) each();
  };
  const next = () => new Promise<void>((resolve) => waiting.push(resolve));
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
    wake();
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    isClosed = true;
    wake();
  });
  return {
    socket,
    received: () => text,
    async answers(count) {
      while (parse(text).length < count && !isClosed) await next();
      return parse(text);
    },
    async closed() {
      while (!isClosed) await next();
    },
  };
}

/** A request of the server's token with this body. */
export function rawRequest(body: string, headers: readonly string[] = [], line = "POST / HTTP/1.1"): string {
  const length = headers.some((header) => /^(content-length|transfer-encoding)/i.test(header))
    ? []
    : [`Content-Length: ${Buffer.byteLength(body)}`];
  return `${[line, "Host: x", "Authorization: Bearer t", ...length, ...headers].join("\r\n")}\r\n\r\n${body}`;
}

function parse(text: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = text;
  for (;;) {
    const end = rest.indexOf("\r\n\r\n");
    if (end === -1) return answers;
    const head = rest.slice(0, end);
    const status = Number(head.split(" ")[1]);
    const length = status < 200 ? 0 : Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? Number.NaN);
    const body = rest.slice(end + 4, end + 4 + length);
    if (body.length !== length) return answers;
    answers.push({ status, head, body });
    rest = rest.slice(end + 4 + length);
  }
}
