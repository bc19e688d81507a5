import { bar, element, table, visible } from "./dom.js";
import { timeText, waitText } from "./words.js";

/** What is known of the key's quota, or why nothing is. */
export function quotaOf({ limiter, policies, error, blocked, regions, rule }) {
  if (error) return element("p", {}, `Its counts are not known: ${error}.`);
  if (regions) {
    const text = `Its quota is split over the databases ${regions.join(", ")}. This page reads one database, so it can't tell what is left of the whole, and resets nothing. Rules hold for all of it.`;
    return element("p", { class: "split" }, text);
  }
  if (!blocked) return statusTable(limiter, policies);
  const first =
    rule?.what === "allow" ? " The rule comes first: where it has been read, the key passes all the same." : "";
  const text = `Blocked until ${timeText(blocked.until)}, by its penalty: ${waitText(blocked.forMs)} more. What is left of its quota is told once the block is over.${first}`;
  return element("p", { class: "rule blocked" }, text);
}

/** What is left of each policy, or how much is held at once. */
function statusTable(limiter, policies) {
  const isHeld = policies.some(({ unit }) => unit === "concurrent-requests");
  const rows = policies.map(({ policy, remaining, burst = Infinity, resetAfterMs }) => {
    const number = isHeld ? burst - remaining : remaining;
    const drawn = bar(number, burst, `${number} of ${burst}`);
    return [visible(policy), number, burst, drawn, waitText(resetAfterMs)];
  });
  const heads = isHeld
    ? ["Policy", "Held", "Of", "Drawn", "All free in"]
    : ["Policy", "Left", "Of", "Drawn", "Whole again in"];
  return element("div", { class: "wide" }, table(`State in ${limiter}`, heads, rows));
}
