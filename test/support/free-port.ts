import { randomInt } from "node:crypto";
import getPort from "get-port";

/** Lower than what systems take for outgoing connections, of which one may get a port between its being found and its use. */
const FIRST = 20_000;
const EACH = 500;

/** A port for a program that has to be told one; no other worker of this run is given the same. */
export function freePort(): Promise<number> {
  const { VITEST_POOL_ID: worker = 0 } = process.env;
  const first = FIRST + (Number(worker) % 24) * EACH;
  const from = randomInt(EACH);
  return getPort({ port: Array.from({ length: EACH }, (_, i) => first + ((from + i) % EACH)) });
}
