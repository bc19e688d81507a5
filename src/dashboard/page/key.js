import { ask } from "./api.js";
import { count, element, markScrollable, table, visible } from "./dom.js";

const form = document.getElementById("look-up");
const answer = document.getElementById("answer");
const state = document.getElementById("state");
const sure = document.getElementById("sure");

/** Shows one key's state in every limiter that is known. */
export async function lookUp(key, said = "") {
  form.elements.key.value = key;
  answer.textContent = "Looking …";
  try {
    const { limiters } = await ask("api/key", { key });
    answer.textContent = `${said}${limiters.length === 0 ? "No limiter has described itself to this Redis." : `As of ${new Date().toLocaleTimeString()}.`}`;
    state.replaceChildren(
      table(
        "State of the key",
        ["Limiter", "Policy", "Left", "Of", "Whole again in", "Action"],
        limiters.flatMap((each) => rowsOf(each, key)),
      ),
    );
    markScrollable();
  } catch (error) {
    answer.textContent = `Not read: ${error.message}`;
    state.replaceChildren();
  }
}

function rowsOf({ limiter, policies, error }, key) {
  if (error) return [[limiter, `not read: ${error}`, "", "", "", ""]];
  return policies.map(({ policy, remaining, burst, resetAfterMs }, i) => {
    const button = element("button", { type: "button", class: "danger", ariaLabel: `Reset in ${limiter}` }, "Reset");
    button.addEventListener("click", () => reset(limiter, key));
    return [limiter, policy, remaining, burst, waitText(resetAfterMs), i === 0 ? button : ""];
  });
}

/** Asks once more, does it, and says it back. */
async function reset(limiter, key) {
  document.getElementById("sure-text").textContent =
    `${visible(key)} gets its whole quota in ${limiter} again, at once and for everybody.`;
  sure.returnValue = "no";
  sure.showModal();
  await new Promise((resolve) => sure.addEventListener("close", resolve, { once: true }));
  if (sure.returnValue !== "yes") return;
  try {
    await ask("api/reset", { limiter, key });
    await lookUp(key, `Reset ${visible(key)} in ${limiter}. `);
  } catch (error) {
    answer.textContent = `Not reset: ${error.message}`;
  }
}

function waitText(ms) {
  if (ms === undefined) return "never";
  if (ms === 0) return "whole";
  const seconds = Math.ceil(ms / 1000);
  return seconds < 120
    ? `${seconds} s`
    : seconds < 7200
      ? `${count(Math.ceil(seconds / 60))} min`
      : `${count(Math.ceil(seconds / 3600))} h`;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  lookUp(form.elements.key.value);
});
