const { content } = document.querySelector('meta[name="sluice-page"]');
const base = new URL(".", import.meta.url);

/** Asks the server; throws an error with its words. */
export async function ask(path, body) {
  const init = body && {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", "x-sluice-page": content },
  };
  const response = await fetch(new URL(path, base), init);
  const answer = await response.json().catch(() => ({ error: `The server answered ${response.status}` }));
  if (!response.ok) throw new Error(answer.error);
  return answer;
}
