import type { KeyValue } from "../options.ts";

/** A function that makes a key of a Hono context, or of a request and the handler's second argument. */
export type Key<Subject, Info> = (subject: Subject, info: Info) => KeyValue | Promise<KeyValue>;
