const { content } = document.querySelector('meta[name="sluice-page"]');
const base = new URL(".", import.meta.url);

/** Asks the server; throws an error with its words and its `status`. */
export async function ask(path, body) {
  const init = body && {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", "x-sluice-page": content },
  };
  const response = await fetch(new URL(path, base), init);
  const answer = await response.json().catch(() => ({ error: `The server answered ${response.status}` }));
  if (!response.ok) throw Object.assign(new Error(answer.error), { status: response.status });
  return answer;
}
