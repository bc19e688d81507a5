import { createClient } from "@redis/client";

const ARGUMENT = /"((?:[^"\\]|\\.)*)"/g;

/**
 * Calls `onCommand` with the words of each command that Redis runs, those inside scripts included, as MONITOR quotes
 * them. By @redis/client: ioredis fails where the first of them come in one packet with MONITOR's own answer.
 */
export async function monitor(url: string, onCommand: (words: string[]) => void): Promise<{ stop(): void }> {
  const client = createClient({ url, socket: { reconnectStrategy: false } });
  await client.connect();
  await client.monitor((line) => onCommand(Array.from(String(line).matchAll(ARGUMENT), ([, word = ""]) => word)));
  return { stop: () => client.destroy() };
}
