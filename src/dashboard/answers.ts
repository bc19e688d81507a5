import { assets } from "./assets.ts";

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  json: "application/json; charset=utf-8",
};

/** Nothing but this origin's own files runs or is asked, and nobody may frame the page. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export function answer(type: string, body: string, status = 200, more: Record<string, string> = {}): Response {
  const headers = {
    "content-type": TYPES[type] as string,
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    ...more,
  };
  return new Response(body, { status, headers });
}

export const json = (body: unknown, status = 200) => answer("json", JSON.stringify(body), status);

/** A file of the page; `undefined` if there is none of that name. */
export function asset(name: string): Response | undefined {
  const text = Object.hasOwn(assets, name) && name !== "index.html" ? assets[name] : undefined;
  return text === undefined ? undefined : answer(name.slice(name.lastIndexOf(".") + 1), text);
}

/** The page, with what it needs to know in place of `{{name}}`. */
export function page(known: Readonly<Record<string, string | number>>, cookie: string): Response {
  const html = (assets["index.html"] as string).replace(/\{\{(\w+)\}\}/g, (_all, name) => String(known[name]));
  return answer("html", html, 200, { "set-cookie": cookie });
}
