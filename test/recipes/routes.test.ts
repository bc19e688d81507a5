import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { app } from "./routes.ts";

// No token flows in, and no window ends.
beforeAll(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterAll(() => void vi.useRealTimers());

let hosts = 0;

/** Somebody at an address of their own. */
function stranger() {
  hosts += 1;
  const env = { incoming: { socket: { remoteAddress: `192.0.2.${hosts}` } } };
  return (method: string, path: string) => app.request(path, { method }, env);
}

test("one quota for all routes, of which a search takes ten", async () => {
  const ask = stranger();
  for (let i = 0; i < 9; i += 1) expect((await ask("GET", "/api/search?q=a")).status).toBe(200);
  for (let i = 0; i < 9; i += 1) expect((await ask("GET", "/api/items")).status).toBe(200);
  expect((await ask("GET", "/api/search")).status).toBe(429);
  expect((await stranger()("GET", "/api/search")).status).toBe(200);
});

test("writes have a limit of their own, which reads do not touch", async () => {
  const ask = stranger();
  for (let i = 0; i < 20; i += 1) expect((await ask("POST", "/api/items")).status).toBe(200);
  expect((await ask("DELETE", "/api/items/1")).status).toBe(429);
  expect((await ask("GET", "/api/items")).status).toBe(200);
  expect((await ask("HEAD", "/api/items")).status).toBe(200);
});

test("each report has a quota", async () => {
  const ask = stranger();
  for (let i = 0; i < 3; i += 1) expect((await ask("POST", "/api/reports/1")).status).toBe(200);
  expect((await ask("POST", "/api/reports/1")).status).toBe(429);
  expect((await ask("POST", "/api/reports/2")).status).toBe(200);
});
