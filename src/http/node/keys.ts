import { bearer as bearerOf } from "../keys/bearer.ts";
import { cookie as cookieOf } from "../keys/cookie.ts";
import { header as headerOf } from "../keys/header.ts";
import { path as pathOf } from "../keys/path.ts";
import type { KeySource } from "../keys/source.ts";
import { askedOf, messageOf, type NodeSubject } from "./subject.ts";

/** A key of what a framework on Node calls a request. */
export type NodeKey<Value> = (subject: NodeSubject) => Value;

const onNode =
  <Value>(key: (source: KeySource) => Value): NodeKey<Value> =>
  (subject) =>
    key(askedOf(messageOf(subject)));

/**
 * A key: the value of a request header, as in `header("x-api-key")`; `undefined` where it is missing or empty. Clients
 * choose their headers, so a value that nothing verifies limits nobody. It is stored as it is; `hashed` hides secrets.
 */
export const header = (name: string): NodeKey<string | undefined> => onNode(headerOf(name));

/**
 * A key: the value of a cookie, unquoted and percent-decoded, so that one session has one key; the first of several.
 * `undefined` where it is missing or empty. It is stored as it is: `hashed(cookie("session"))` hides it.
 */
export const cookie = (name: string): NodeKey<string | undefined> => onNode(cookieOf(name));

/**
 * A key: the SHA-256 of the token in `Authorization: Bearer …`, so that the store never sees it; `undefined` where there
 * is none. Clients choose their tokens, so verify them first: a token that nothing verifies limits nobody.
 */
export const bearer = (): NodeKey<Promise<string | undefined>> => onNode(bearerOf());

/** A key: the path as the client sent it, percent-decoded, so that `/%61` and `/a` share a quota. Made for `compose`. */
export const path = (): NodeKey<string> => onNode(pathOf());
