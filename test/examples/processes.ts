import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";

export const repository = fileURLToPath(new URL("../..", import.meta.url));

/** A program of this repository's own node_modules. */
export const tool = (path: string) => `${repository}node_modules/${path}`;

/** Without what this repository's own npm and vitest have set, as in a user's shell. */
function shell(env: Record<string, string> = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(npm_|VITEST|NODE_ENV|TEST$)/.test(name));
  return { ...Object.fromEntries(inherited), NO_COLOR: "1", ...env };
}

/** Runs a program to its end; resolves with what it printed and rejects with that if it fails. */
export async function run(program: string, args: string[], cwd: string, env?: Record<string, string>): Promise<string> {
  const child = spawn(program, args, { cwd, env: shell(env), stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  let complaints = "";
  child.stdout.on("data", (part) => {
    printed += part;
  });
  child.stderr.on("data", (part) => {
    complaints += part;
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}:\n${printed}${complaints}`);
  return printed;
}

export interface Server {
  /** What it printed so far. */
  readonly log: () => string;
  /** Ends it with all that it has started. */
  stop(): Promise<void>;
}

/** Starts a program in a process group of its own and waits until `ready` holds of what it printed. */
export async function start(
  [program, ...args]: readonly [string, ...string[]],
  cwd: string,
  env: Record<string, string>,
  ready: (log: string) => Promise<boolean> | boolean,
): Promise<Server> {
  const child = spawn(program, args, { cwd, env: shell(env), detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (part) => {
      log += part;
    });
  }
  let gone = false;
  const exited = new Promise<void>((resolve) => {
    child.once("error", (error) => {
      log += error.message;
      gone = true;
      resolve();
    });
    child.once("exit", () => {
      gone = true;
      resolve();
    });
  });
  const signal = (name: NodeJS.Signals) => {
    try {
      process.kill(-(child.pid as number), name);
    } catch {}
  };
  const stop = async () => {
    signal("SIGTERM");
    const late = setTimeout(() => signal("SIGKILL"), 3000);
    await exited;
    clearTimeout(late);
    signal("SIGKILL");
  };
  const deadline = Date.now() + 45_000;
  while (!(await ready(log))) {
    if (gone || Date.now() > deadline) {
      await stop();
      throw new Error(`${program} ${args.join(" ")} did not start:\n${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { log: () => log, stop };
}

/** Of `wrangler dev`; the inspector's usual port may be taken by another that runs at the same time. */
export const wranglerOptions = (port: number, inspector: number) =>
  ["--ip", "127.0.0.1", "--port", `${port}`, "--inspector-port", `${inspector}`] as const;

/**
 * Whether the program serves on the port; nothing is asked of it. Wrangler listens there for a moment before, to see
 * whether the port is free, and says so once it serves.
 */
export function serves(command: string, port: number): (log: string) => Promise<boolean> {
  const announced = /\bwrangler\b/.test(command) ? "Ready on " : "";
  return async (log) => log.includes(announced) && (await listens(port));
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const heard = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return heard;
}
