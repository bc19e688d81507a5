/**
 * US dollars per 100 000 commands: Upstash Redis, pay as you go, one region. Source: https://upstash.com/pricing/redis
 * and "Pricing & Billing" in Upstash's documentation, as published in November 2026.
 */
export const DOLLARS_PER_100_000_COMMANDS = 0.2;

/** What a number of billed commands costs, in US dollars. */
export function dollars(commands: number): number {
  return (commands / 100_000) * DOLLARS_PER_100_000_COMMANDS;
}
