import { sha256Text } from "../core/digest.ts";

/** The cookie that a page's own token is made of. */
const COOKIE = "sluice-page";
const VALUE = /(?:^|;\s*)sluice-page=([\w-]{32})(?:;|$)/;

/** What a page needs so that its actions are taken: a cookie, and the token that it sends along. */
export interface PageAccess {
  readonly cookie: string;
  readonly token: string;
}

/** The access of a page that is about to be served; several pages of one browser share it. */
export async function pageAccess(request: Request, path: string): Promise<PageAccess> {
  const value = cookieOf(request) ?? randomText();
  const secure = new URL(request.url).protocol === "https:" ? "; Secure" : "";
  const cookie = `${COOKIE}=${value}; Path=${path || "/"}; HttpOnly; SameSite=Strict${secure}`;
  return { cookie, token: await tokenFor(value) };
}

/** Why an action is refused; `undefined` if it comes from a page of this very origin. */
export async function refusalOf(request: Request): Promise<string | undefined> {
  const origin = request.headers.get("origin");
  // By host alone: where a proxy ends TLS, the scheme is another one here.
  if (!origin || !URL.canParse(origin) || new URL(origin).host !== new URL(request.url).host) {
    return "The request does not come from this page";
  }
  const value = cookieOf(request);
  const token = request.headers.get("x-sluice-page");
  if (value && token === (await tokenFor(value))) return undefined;
  return "The page is too old: load it again";
}

const cookieOf = (request: Request) => VALUE.exec(request.headers.get("cookie") ?? "")?.[1];

const tokenFor = (value: string) => sha256Text(new TextEncoder().encode(`sluice-page ${value}`));

function randomText(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_");
}
