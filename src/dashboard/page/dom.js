/** An element with properties and children; text is text, never markup. */
export function element(tag, properties = {}, ...children) {
  const { class: className, ...others } = properties;
  const made = Object.assign(document.createElement(tag), others);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** An SVG element. */
export function shape(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A bar that is filled as far as `value` of `most` goes. Browsers draw a meter each in its own way. */
export function bar(value, most, label) {
  const width = most > 0 ? Math.min(100, (100 * value) / most) : 0;
  return shape(
    "svg",
    { viewBox: "0 0 100 10", preserveAspectRatio: "none", role: "img", "aria-label": label, class: "drawn" },
    shape("rect", { class: "track", width: 100, height: 10 }),
    shape("rect", { class: "allowed", width, height: 10 }),
  );
}

/** Whether a cell stands to the right: a number, or a share. */
const isNumeric = (value) => typeof value === "number" || (typeof value === "string" && /^(–|.* %)$/.test(value));

/** A table; cells are text, numbers (to the right) or elements. */
export function table(caption, heads, rows) {
  const cell = (value, tag) =>
    element(tag, isNumeric(value) ? { class: "number" } : {}, typeof value === "number" ? count(value) : value);
  const numbers = heads.map((_head, i) => rows.length > 0 && isNumeric(rows[0][i]));
  const head = heads.map((text, i) => element("th", { scope: "col", class: numbers[i] ? "number" : "" }, text));
  const body = rows.map((row) =>
    element(
      "tr",
      {},
      ...row.map((value, i) => {
        const made = cell(value, i === 0 ? "th" : "td");
        if (i === 0) made.scope = "row";
        return made;
      }),
    ),
  );
  return element(
    "table",
    { ariaLabel: caption },
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...body),
  );
}

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export const count = (number) => whole.format(number);

export const percent = (part, all) => (all === 0 ? "–" : `${((100 * part) / all).toFixed(part / all < 0.1 ? 2 : 1)} %`);

/** A key as text: what has no shape of its own is shown by its code. */
export const visible = (text) =>
  text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0).toString(16)}}`);

/** What is wider than the screen can be scrolled by keyboard, too; what is not is no stop on the way. */
export function markScrollable() {
  for (const box of document.querySelectorAll(".wide")) {
    const isWider = box.scrollWidth > box.clientWidth;
    const name = `${box.querySelector("table")?.getAttribute("aria-label")}: a table that scrolls`;
    for (const [attribute, value] of [
      ["tabindex", "0"],
      ["role", "region"],
      ["aria-label", name],
    ]) {
      if (isWider) box.setAttribute(attribute, value);
      else box.removeAttribute(attribute);
    }
  }
}

/** Redraws, and puts the focus back on what has the same name. */
export function keepingFocus(redraw) {
  const name = document.activeElement?.getAttribute("aria-label");
  redraw();
  if (!name || document.activeElement !== document.body) return;
  [...document.querySelectorAll("button[aria-label]")]
    .find((each) => each.getAttribute("aria-label") === name)
    ?.focus();
}
