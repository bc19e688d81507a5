import { userInfo } from "node:os";

/** Who operates here, for the history of the rules: at most 64 characters. */
export function userName(): string {
  try {
    return userInfo().username.slice(0, 64);
  } catch {
    return "unknown";
  }
}
