// One limit on the page: what is left, the last half minute, the ways to send requests, and the last answer.
import { send } from "./api.js";
import { createLevel } from "./level.js";
import { createTimeline, SPAN_MS } from "./timeline.js";

const BURST = 20;
const SAMPLE_EVERY_MS = 50;
const SAY_AFTER_MS = 600;
const MOST_CELLS = 40;

/**
 * @param {{
 *   path: string, leasedPath?: string, title: string, flows: boolean, fastest?: number,
 *   told(policy: object): string, apiKey(): string, sent(): void, switched?(): void
 * }} options
 *   `leasedPath`: where requests go with the switch for leases on; `fastest`: most requests a second of a stream;
 *   `sent` is called after each answer, `switched` after the switch was used
 */
export function createPanel({ path, leasedPath, title, flows, fastest = 10, told, apiKey, sent, switched }) {
  const template = /** @type {HTMLTemplateElement} */ (document.querySelector("#panel"));
  const element = template.content.cloneNode(true).firstElementChild;
  const find = (selector) => element.querySelector(selector);
  const level = createLevel(flows);
  const draw = createTimeline(find("canvas"));
  let samples = [];
  let marks = [];
  let counts = noCounts();
  let answeredAt = 0;
  let unsaid = { passed: 0, denied: 0, uncounted: 0 };
  let stream;
  let saying;

  element.id = path.slice("/api/".length);
  element.setAttribute("aria-labelledby", `${element.id}-title`);
  find("h2").id = `${element.id}-title`;
  find("h2").textContent = title;
  find(".path").textContent = `GET ${path}`;
  find("canvas").setAttribute("aria-label", `${title}: level and requests of the last 30 seconds`);
  const speed = find('input[type="range"]');
  const leases = find('input[type="checkbox"]');
  const pathNow = () => (leases.checked ? leasedPath : path);
  speed.setAttribute("aria-label", `${title}: requests per second`);
  speed.max = `${fastest}`;
  find(".leases").hidden = leasedPath === undefined;
  // Three panels have the same buttons: for who hears them, each says whose it is.
  for (const name of ["one", "burst", "stream", "copy"]) nameButton(name);
  find("summary").setAttribute("aria-label", `Body of the last answer: ${title}`);
  leases.addEventListener("change", () => switched());

  find(".one").addEventListener("click", () => fire());
  find(".burst").addEventListener("click", () => {
    for (let n = 0; n < BURST; n += 1) fire();
  });
  find(".stream").addEventListener("click", () => setStream(!stream));
  speed.addEventListener("input", () => {
    find("output").textContent = `${speed.value} / s`;
    if (stream) setStream(true);
  });
  find(".copy").addEventListener("click", async () => {
    await navigator.clipboard.writeText(find(".terminal code").textContent);
    nameButton("copy", "Copied");
    setTimeout(() => nameButton("copy", "Copy"), 1500);
  });

  function nameButton(name, text = find(`.${name}`).textContent) {
    find(`.${name}`).textContent = text;
    find(`.${name}`).setAttribute("aria-label", `${text}: ${title}`);
  }

  async function fire() {
    const [asked, where] = [apiKey(), pathNow()];
    try {
      const answer = await send(where, asked);
      if (asked !== apiKey() || where !== pathNow()) return;
      take(answer);
    } catch {
      // The page says that the Worker is gone when it looks next.
    }
    sent();
  }

  function take(answer) {
    const kind = answer.status === 429 ? "denied" : answer.source === "fallback" ? "uncounted" : "passed";
    const now = performance.now();
    marks.push({ at: now, kind });
    counts[kind] += 1;
    counts.sent += 1;
    counts.asked += answer.asked;
    answeredAt = now;
    unsaid[kind] += 1;
    if (answer.status === 200) show(answer.body, now);
    showAnswer(answer);
    for (const [name, count] of Object.entries(counts)) find(`.${name} b`).textContent = `${count}`;
    find(".uncounted").hidden = counts.uncounted === 0;
    saying = saying ?? setTimeout(say, SAY_AFTER_MS);
  }

  /** Takes a decision as what is known from now on. */
  function show(decision, now = performance.now()) {
    level.set(decision, now);
    const policy = decision.policies?.[0];
    if (!policy) return;
    find(".policy").textContent = told(policy);
    // Its quota as the field tells it: the most at once, and how long that takes to come.
    const { limit, windowMs, burst } = policy;
    find(".why").hidden = burst === limit;
    find(".why").textContent =
      `q=${burst};w=${(burst * windowMs) / limit / 1000}: a full bucket of ${burst}, filled in ${(burst * windowMs) / limit / 1000} s.`;
  }

  function showAnswer({ status, tookMs, fields, body }) {
    find(".answer").hidden = false;
    find(".status").textContent = `${status} ${status === 200 ? "OK" : "Too Many Requests"} in ${tookMs.toFixed(0)} ms`;
    find(".status").dataset.status = `${status}`;
    find("dl").replaceChildren(
      ...fields.flatMap(([name, value]) => [textElement("dt", name), textElement("dd", value)]),
    );
    find("pre").textContent = JSON.stringify(body, null, 2);
  }

  /** For those who listen: what came of the requests since it last spoke. */
  function say() {
    saying = undefined;
    const parts = Object.entries(unsaid).flatMap(([kind, count]) => (count ? [`${count} ${kind}`] : []));
    const { retryAfterMs = 0 } = level.read(performance.now()) ?? {};
    const next = retryAfterMs > 0 ? `, next passes in ${Math.ceil(retryAfterMs / 1000)} s` : "";
    find(".spoken").textContent = `${title}: ${parts.join(", ")}${next}`;
    unsaid = { passed: 0, denied: 0, uncounted: 0 };
  }

  function setStream(on) {
    clearInterval(stream);
    stream = on ? setInterval(fire, 1000 / Number(speed.value)) : undefined;
    find(".stream").setAttribute("aria-pressed", `${on}`);
    nameButton("stream", on ? "Stop" : "Stream");
  }

  /** Draws the present; true while there is something to see move. */
  function tick(now) {
    const reading = level.read(now);
    samples = recent(samples, now);
    marks = recent(marks, now);
    if (reading && now - (samples.at(-1)?.at ?? 0) >= SAMPLE_EVERY_MS) samples.push({ at: now, level: reading.level });
    draw({ samples, marks, capacity: reading?.capacity ?? 10, waiting: isWaiting(reading), now });
    showReading(reading);
    find(".age").textContent = agoOf(now - answeredAt);
    return stream !== undefined || (reading?.resetAfterMs ?? 1) > 0;
  }

  function showReading(reading) {
    const known = reading?.level !== undefined;
    const left = known ? Math.max(0, Math.floor(reading.level + 1e-9)) : undefined;
    find(".left strong").textContent = known ? `${left}` : "?";
    find(".left span").textContent = known ? `of ${reading.capacity} left` : "nobody knows how many are left";
    find(".fill").style.width = known ? `${(100 * Math.max(0, reading.level)) / reading.capacity}%` : "0";
    find(".meter").style.setProperty("--cells", `${cellsOf(reading?.capacity ?? 10)}`);
    const waits = isWaiting(reading);
    find(".next strong").textContent = waits ? waitOf(reading) : "now";
    element.classList.toggle("waiting", waits);
    element.classList.toggle("unknown", reading !== undefined && !known);
  }

  return {
    element,
    leases: () => leases.checked,
    show,
    tick,
    /** Starts over, for another key. */
    clear() {
      level.clear();
      samples = [];
      marks = [];
      counts = noCounts();
      for (const name of Object.keys(counts)) find(`.${name} b`).textContent = "0";
      find(".answer").hidden = true;
      const header = apiKey() ? ` -H 'x-api-key: ${apiKey().replaceAll("'", "'\\''")}'` : "";
      find(".terminal code").textContent = `curl -i${header} ${location.origin}${pathNow()}`;
      find(".path").textContent = `GET ${pathNow()}`;
    },
  };
}

const noCounts = () => ({ passed: 0, denied: 0, uncounted: 0, sent: 0, asked: 0 });

/** A cell for each unit, or for tens of them. */
const cellsOf = (capacity) => (capacity > MOST_CELLS ? capacity / 10 : capacity);

const agoOf = (ms) => (ms < 1000 ? "just now" : `${Math.floor(ms / 1000)} s ago`);

const isWaiting = (reading) => reading !== undefined && reading.retryAfterMs !== 0;

const waitOf = ({ retryAfterMs }) => (retryAfterMs === undefined ? "…" : `in ${(retryAfterMs / 1000).toFixed(1)} s`);

function recent(list, now) {
  return list.filter(({ at }) => now - at <= SPAN_MS);
}

function textElement(name, text) {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}
