import { checkedText } from "./misuse.ts";

/** Returns `value` if it is a name that fits in store keys, labels and commands; else throws an error that names `option`. */
export function checkedName(option: string, value: unknown): string {
  return checkedText(option, value, /^[\w.-]+$/, "letters, digits, dots, dashes or underscores");
}
