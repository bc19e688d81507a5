import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { vi } from "vitest";

/** A run of `npm start`, as a terminal has it: at the head of a process group of its own. */
export interface NpmStart {
  readonly process: ChildProcess;
  readonly url: string;
  /** What it has printed so far. */
  output(): string;
  /** Resolves when it says that it is ready. */
  ready(): Promise<void>;
  /** The processes that it has started, and those that they have. */
  family(): Listed[];
}

/** A process as `ps` lists it. */
export interface Listed {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

export function npmStart(port: number, environment: Record<string, string> = {}): NpmStart {
  const { REDIS_URL: _none, ...inherited } = process.env;
  const env = { ...inherited, ...environment };
  const child = spawn("npm", ["start", "--", "--port", `${port}`], { detached: true, env });
  const url = `http://127.0.0.1:${port}`;
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  return {
    process: child,
    url,
    output: () => output,
    ready: () => vi.waitUntil(() => output.includes(`${url}  (ready`), { timeout: 60_000 }).then(() => {}),
    family: () => familyOf(child.pid as number),
  };
}

/** The processes of this machine that run; the dead that nobody has asked after are left out. */
export function processes(): Listed[] {
  const lines = execFileSync("ps", ["-eo", "pid=,ppid=,stat=,args="], { encoding: "utf8" }).trim().split("\n");
  return lines.flatMap((line) => {
    const [, pid, parent, state, command] = /^ *(\d+) +(\d+) +(\S+) +(.*)$/.exec(line) ?? [];
    return state?.startsWith("Z") ? [] : [{ pid: Number(pid), parent: Number(parent), command: command as string }];
  });
}

/** Sends a signal to a process, or with a negative number to a group; nothing happens if it is gone. */
export function kill(pid: number, signal: NodeJS.Signals = "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone.
  }
}

function familyOf(pid: number): Listed[] {
  const all = processes();
  const of = (parent: number): Listed[] =>
    all.filter((each) => each.parent === parent).flatMap((each) => [each, ...of(each.pid)]);
  return of(pid);
}
