import { formIn, goesOn } from "./dialog.js";
import { element, visible } from "./dom.js";

const dialog = document.getElementById("rule");
const form = formIn(dialog);
const { what, limiter, kind, whom, lasting, until, why, by } = form.elements;
const [limits, trouble] = ["rule-limits", "rule-trouble"].map((id) => document.getElementById(id));
/** Where the browser keeps who operates. */
const NAME = "sluice-operator";
const LIMIT = "limit:";

let described = [];
/** A key that was looked up is that very text, which a field would change. */
let fixedKey;

/**
 * Asks for a rule, beginning with what is `given`; resolves to it, or to `undefined` if none is wanted. `said` is what was wrong
 * with the one before, whose words then still stand there.
 */
export async function askForRule(given, { limiters, by: knownBy }, said) {
  described = limiters;
  document.getElementById("rule-by").hidden = knownBy !== undefined;
  trouble.hidden = said === "";
  trouble.textContent = said;
  if (said === "") fill(given);
  if (!(await goesOn(dialog))) return undefined;
  localStorage.setItem(NAME, by.value);
  return ruleIn();
}

function fill(given) {
  form.reset();
  fixedKey = given.key;
  limiter.replaceChildren(new Option("all limiters", ""), ...described.map(({ name }) => new Option(name, name)));
  limiter.value = given.limiter ?? "";
  what.value = given.what ?? "block";
  kind.value = "key";
  whom.value = given.key === undefined ? "" : visible(given.key);
  by.value = localStorage.getItem(NAME) ?? "";
  for (const field of [kind, whom]) field.disabled = given.key !== undefined;
  showLimits();
  showUntil();
}

/** A field for each limit that may be set; what is left empty stays as it is. */
function showLimits() {
  limits.hidden = what.value !== "limit";
  limits.disabled = limits.hidden;
  const chosen = described.filter(({ name }) => limiter.value === "" || name === limiter.value);
  const policies = new Map(chosen.flatMap((each) => each.policies.map(({ name, limit }) => [name, limit])));
  const fields = [...policies].map(([name, limit]) =>
    element(
      "label",
      {},
      `${name} (${limit} by itself)`,
      element("input", { type: "number", name: LIMIT + name, min: 0, step: 1, placeholder: "as it is" }),
    ),
  );
  limits.replaceChildren(limits.firstElementChild, ...fields);
}

function showUntil() {
  const label = document.getElementById("rule-until");
  label.hidden = lasting.value !== "at";
  until.disabled = label.hidden;
}

function ruleIn() {
  const set = [...limits.querySelectorAll("input")].filter(({ value }) => value !== "");
  const duration = lasting.value;
  return {
    what: what.value,
    ...(limiter.value !== "" && { limiter: limiter.value }),
    ...(fixedKey === undefined ? { [kind.value]: whom.value } : { key: fixedKey }),
    ...(what.value === "limit" && {
      limits: Object.fromEntries(set.map(({ name, value }) => [name.slice(LIMIT.length), Number(value)])),
    }),
    ...(duration !== "" && {
      until: duration === "at" ? new Date(until.value).getTime() : Date.now() + Number(duration),
    }),
    why: why.value,
    by: by.value,
  };
}

what.addEventListener("change", showLimits);
limiter.addEventListener("change", showLimits);
lasting.addEventListener("change", showUntil);
