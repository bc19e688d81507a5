import type { Hold } from "../../src/algorithm/in-flight/step.ts";

const HOLD_BYTES = 20;

/** What a key's value says, as in-flight.lua reads it: the units in use and each hold. */
export function heldIn(value: Buffer | null): { readonly used: number; readonly holds: readonly Hold[] } {
  if (!value) return { used: 0, holds: [] };
  const holds: Hold[] = [];
  for (let at = 2; at < value.length; at += HOLD_BYTES) {
    holds.push({
      endsAt: value.readUIntBE(at, 6),
      units: value.readUInt16BE(at + 6),
      id: value.toString("latin1", at + 8, at + HOLD_BYTES),
    });
  }
  return { used: value.readUInt16BE(0), holds };
}
