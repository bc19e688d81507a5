import { type Subject, subjects } from "./subjects.ts";

/** One subject's figures of one round. */
export interface IsolateRound {
  readonly name: string;
  readonly what: Subject["what"];
  /** CPU time of the whole process, garbage collection included, in µs per call. */
  readonly cpuMicros: number;
  readonly bytes: number;
  readonly perSecond: number;
}

const KEYS = Array.from({ length: 1000 }, (_key, i) => `user:${100_000_000 + i}`);
const CALLS_FOR_BYTES = 5000;

// A process of its own with --expose-gc, and with room for all that CALLS_FOR_BYTES calls allocate; one for each kind of
// call, as an application has one kind: what ran before would have a part in how the engine compiles the rest.
const all = (await subjects()).filter(({ what }) => what === process.argv[3]);
const calls = Number(process.argv[2]);
process.on("message", async () => {
  const rounds: IsolateRound[] = [];
  for (const { name, what, call } of all) {
    await repeat(call, calls / 4);
    const bytes = await allocated(call);
    const [cpu, start] = [process.cpuUsage(), performance.now()];
    await repeat(call, calls);
    const seconds = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    rounds.push({ name, what, cpuMicros: (user + system) / calls, bytes, perSecond: calls / seconds });
  }
  process.send?.(rounds);
});
process.once("disconnect", () => process.exit());
process.send?.("ready");

async function repeat(call: Subject["call"], times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) await call(KEYS[i % KEYS.length] as string);
}

async function allocated(call: Subject["call"]): Promise<number> {
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  await repeat(call, CALLS_FOR_BYTES);
  return (process.memoryUsage().heapUsed - before) / CALLS_FOR_BYTES;
}
