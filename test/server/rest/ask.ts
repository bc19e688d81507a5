import type { RedisRest } from "../../../src/server/rest/server.ts";

/** One raw request with the server's token; what it answered, JSON parsed. */
export async function ask(
  rest: Pick<RedisRest, "url" | "token">,
  path: string,
  init: RequestInit & { json?: unknown } = {},
) {
  const { json, ...request } = init;
  const response = await fetch(rest.url + path, {
    ...request,
    ...(json !== undefined && { method: init.method ?? "POST", body: JSON.stringify(json) }),
    headers: { authorization: `Bearer ${rest.token}`, ...(init.headers as Record<string, string>) },
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const isJson = response.headers.get("content-type")?.startsWith("application/json") && bytes.length > 0;
  return {
    status: response.status,
    headers: response.headers,
    bytes,
    body: isJson ? JSON.parse(bytes.toString()) : undefined,
  };
}
