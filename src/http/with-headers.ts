/**
 * The response with its headers written to: the same one if they can be changed, else a copy around the same body, for
 * what `fetch` and `Response.redirect` return is immutable. Upgrades (101) and errors (0) stay as they are.
 */
export function withHeaders<R extends Response>(response: R, write: (headers: Headers) => void): R | Response {
  if (response.status < 200) return response;
  try {
    write(response.headers);
    return response;
  } catch {
    const copy = new Response(response.body, response);
    write(copy.headers);
    return copy;
  }
}
