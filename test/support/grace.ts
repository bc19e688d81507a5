/** So much longer, in ms, than what it holds counts does a key live in Redis: `GRACE` in the scripts. */
export const GRACE_MS = 1000;
