/**
 * The response with its headers written to: the same one, or a copy around the same body where they can't be changed
 * (what `fetch` and `Response.redirect` return is immutable) or should not be: a response without a type has no body, most
 * likely, and may be a constant that other requests get too. Upgrades (101) and errors (0) stay as they are, and so does all without
 * `write`.
 */
export function withHeaders<R extends Response>(response: R, write?: (headers: Headers) => void): R | Response {
  if (!write || response.status < 200) return response;
  if (response.headers.has("Content-Type")) {
    try {
      write(response.headers);
      return response;
    } catch {
      // Immutable; if that's not why, the copy fails in the same way.
    }
  }
  const copy = new Response(response.body, response);
  write(copy.headers);
  return copy;
}
