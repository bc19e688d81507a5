import { goesOn } from "./dialog.js";

const dialog = document.getElementById("sure");
const [no, yes] = dialog.querySelectorAll("button");

/** Asks whether it is meant; resolves to whether it is. */
export function sure(title, text, act) {
  document.getElementById("sure-title").textContent = title;
  document.getElementById("sure-text").textContent = text;
  yes.textContent = act;
  const answer = goesOn(dialog);
  no.focus();
  return answer;
}
