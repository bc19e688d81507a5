import { parseList } from "structured-headers";
import { expect } from "vitest";

/**
 * Asks until a request is denied. Every example lets at least five pass at once, and none here can tell how many more
 * refill while it asks: one every two seconds.
 */
export async function expectLimit(url: string, init?: RequestInit): Promise<void> {
  const passed: Response[] = [];
  let response = await fetch(url, init);
  const firstAt = Date.now();
  while (response.status === 200) {
    passed.push(response);
    await response.text();
    response = await fetch(url, init);
  }
  const refilled = Math.floor((Date.now() - firstAt) / 2000) + 1;
  expect(response.status).toBe(429);
  expect(passed.length).toBeGreaterThanOrEqual(5);
  expect(passed.length).toBeLessThanOrEqual(5 + refilled);
  for (const each of passed) expect(names(each, "RateLimit")).toEqual(names(each, "RateLimit-Policy"));

  expect(Number(response.headers.get("Retry-After"))).toBeGreaterThanOrEqual(1);
  expect(Number(response.headers.get("Retry-After"))).toBeLessThanOrEqual(2);
  expect(response.headers.get("Content-Type")).toBe("application/problem+json");
  const violated = ((await response.json()) as { "violated-policies": string[] })["violated-policies"];
  expect(violated).toHaveLength(1);
  expect(names(response, "RateLimit")).toContain(violated[0]);
}

/** The policies that a field names; reading it fails if it is no structured field. */
function names(response: Response, field: string): unknown[] {
  const items = parseList(response.headers.get(field) ?? "").map(([item]) => item);
  expect(items.length).toBeGreaterThan(0);
  return items;
}
