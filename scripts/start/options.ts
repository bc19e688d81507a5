import { createServer } from "node:net";
import { parseArgs } from "node:util";
import { ExpectedError } from "../../src/server/errors.ts";

/** Where the demo is, unless it is told another port. */
export const DEFAULT_PORT = 8787;

/** The port of `--port`, checked to be free on 127.0.0.1. @throws {ExpectedError} */
export async function portFrom(args: readonly string[]): Promise<number> {
  const port = parsed(args);
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", (error: NodeJS.ErrnoException) => reject(new ExpectedError(trouble(port, error))));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve()));
  });
  return port;
}

function parsed(args: readonly string[]): number {
  try {
    const { values } = parseArgs({ args: [...args], options: { port: { type: "string", short: "p" } } });
    const port = Number(values.port ?? DEFAULT_PORT);
    if (Number.isInteger(port) && port >= 1 && port <= 65535) return port;
  } catch {
    // Something that isn't an option of this command; told below.
  }
  throw new ExpectedError("the only option is a port from 1 to 65535: npm start -- --port 8788");
}

function trouble(port: number, { code, message }: NodeJS.ErrnoException): string {
  if (code !== "EADDRINUSE") return `can't listen on 127.0.0.1:${port}: ${message}`;
  return `port ${port} is in use: end what uses it, or choose another one with npm start -- --port ${(port % 65535) + 1}`;
}
