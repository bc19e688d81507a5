import { ask } from "./api.js";
import { formIn, goesOn } from "./dialog.js";
import { visible } from "./dom.js";
import { sure } from "./sure.js";
import { timeText } from "./words.js";

const dialog = document.getElementById("block");
const { time } = formIn(dialog).elements;

/**
 * Asks for how long a limiter is to block a key by itself, asks once more and does it; resolves to what was done, or to `undefined`
 * if it is not meant.
 */
export async function blockKey(limiter, key) {
  document.getElementById("block-text").textContent = `${visible(key)} in ${limiter}, by its penalty`;
  if (!(await goesOn(dialog))) return undefined;
  const lasting = time.selectedOptions[0].text;
  const text = `Every call of ${visible(key)} is denied in ${limiter} for ${lasting}, until somebody pardons it. A block that lasts longer stays as it is.`;
  if (!(await sure("Block this key?", text, "Block it"))) return undefined;
  const { until } = await ask("api/block", { limiter, key, forMs: Number(time.value) });
  return `Blocked ${visible(key)} in ${limiter} until ${timeText(until)}.`;
}
