/** What was asked for, and what came back. */
export interface Served {
  /** By user: how many requests came to which status. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly admittedMs: readonly number[];
  readonly deniedMs: readonly number[];
}

const USERS = 60;
const REQUESTS_EACH = 30;
const REQUESTS_OF_ONE = 1000;
const IN_FLIGHT = 8;

/** Sixty users of whom each asks for half more than its quota, and one who asks for fifty times it. */
export async function traffic(url: string): Promise<Served> {
  const asks: string[] = [];
  for (let i = 0; i < REQUESTS_EACH; i += 1) {
    for (let user = 0; user < USERS; user += 1) asks.push(`user ${user}`);
    for (let n = 0; n < REQUESTS_OF_ONE / REQUESTS_EACH; n += 1) asks.push("greedy");
  }
  const statuses: Record<string, number> = {};
  const [admittedMs, deniedMs]: number[][] = [[], []];
  const queue = asks.values();
  const client = async () => {
    for (const user of queue) {
      const begin = performance.now();
      const response = await fetch(url, { headers: { "x-user": user } });
      await response.text();
      const ms = performance.now() - begin;
      const name = `${user}: ${response.status}`;
      statuses[name] = (statuses[name] ?? 0) + 1;
      (response.ok ? admittedMs : deniedMs)?.push(ms);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, client));
  return { statuses, admittedMs: admittedMs ?? [], deniedMs: deniedMs ?? [] };
}
