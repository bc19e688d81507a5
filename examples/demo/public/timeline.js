// The last half minute of one quota: its level as water, and below it the requests, those that passed upwards and those
// denied downwards. Now is on the right, where the gauge stands, and the gate: down, and red, while the next request has to wait.

export const SPAN_MS = 30_000;

const GAUGE_WIDTH = 40;
const TOP = 10;
const LANE_HEIGHT = 20;
const BAR_WIDTH = 3;
const BAR_MS = 200;
const UP = { passed: true, uncounted: true, denied: false };

/**
 * @param {HTMLCanvasElement} canvas
 * @returns a function that draws `samples` ({ at, level }) and `marks` ({ at, kind }) as of `now`, levels up to `capacity`, the
 *   gate down if `waiting`
 */
export function createTimeline(canvas) {
  const pen = canvas.getContext("2d");
  let colours = coloursNow();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    colours = coloursNow();
  });

  return function draw({ samples, marks, capacity, waiting, now }) {
    const { width, height } = resize(canvas, pen);
    const right = width - GAUGE_WIDTH;
    const bottom = height - 2 * LANE_HEIGHT - 10;
    const x = (at) => right - ((now - at) / SPAN_MS) * right;
    const y = (level) => bottom - (Math.max(0, level) / capacity) * (bottom - TOP);
    pen.clearRect(0, 0, width, height);
    rules(y, right);
    water(samples, x, y, right, bottom);
    requests(marks, x, right, bottom + 8 + LANE_HEIGHT);
    gauge(y, right + 8);
    labels(right, bottom, height);
    gate(right + 2, waiting ? bottom : TOP + 4, waiting ? colours.stop : colours.soft);

    function rules(y, right) {
      pen.strokeStyle = colours.line;
      pen.lineWidth = 1;
      for (const level of [0, capacity / 2, capacity]) stroke([0, y(level)], [right, y(level)]);
    }

    function gauge(y, left) {
      pen.strokeStyle = colours.soft;
      pen.fillStyle = colours.soft;
      pen.font = `11px ${colours.mono}`;
      pen.textBaseline = "middle";
      const step = capacity > 20 ? capacity / 10 : 1;
      for (let tick = 0; tick <= capacity; tick += step) {
        const long = tick === 0 || tick === capacity || tick === capacity / 2;
        stroke([left, y(tick)], [left + (long ? 8 : 4), y(tick)]);
        if (long) pen.fillText(`${tick}`, left + 12, y(tick));
      }
    }

    function labels(right, bottom, height) {
      pen.fillStyle = colours.soft;
      pen.font = `11px ${colours.mono}`;
      pen.textBaseline = "top";
      pen.fillText("left", 4, TOP + 2);
      pen.fillText("passed", 4, bottom + 4);
      pen.textBaseline = "bottom";
      pen.fillText("denied", 4, height);
      pen.textAlign = "center";
      pen.fillText(`${SPAN_MS / 2000} s ago`, right / 2, height);
      pen.textAlign = "right";
      pen.fillText("now", right, height);
      pen.textAlign = "left";
    }

    function gate(left, edge, colour) {
      pen.fillStyle = colour;
      pen.fillRect(left, 0, 5, edge);
    }
  };

  function water(samples, x, y, right, bottom) {
    const runs = [[]];
    for (const sample of samples) {
      // Nobody knew the level in between.
      if (sample.level === undefined) runs.push([]);
      else runs.at(-1).push(sample);
    }
    for (const run of runs) {
      if (run.length === 0) continue;
      const points = run.map(({ at, level }) => [Math.min(right, x(at)), y(level)]);
      pen.beginPath();
      pen.moveTo(points[0][0], bottom);
      for (const [px, py] of points) pen.lineTo(px, py);
      pen.lineTo(points.at(-1)[0], bottom);
      const fill = pen.createLinearGradient(0, 0, 0, bottom);
      fill.addColorStop(0, colours.waterPale);
      fill.addColorStop(1, colours.waterFaint);
      pen.fillStyle = fill;
      pen.fill();
      pen.strokeStyle = colours.water;
      pen.lineWidth = 2;
      pen.lineJoin = "round";
      stroke(...points);
    }
  }

  /** One bar for what came within 200 ms, the higher the more came. */
  function requests(marks, x, right, middle) {
    pen.fillStyle = colours.line;
    pen.fillRect(0, middle - 0.5, right, 1);
    const bars = new Map();
    for (const { at, kind } of marks) {
      // Counted from a fixed moment, so that bars move without changing.
      const slot = `${kind} ${Math.floor(at / BAR_MS)}`;
      bars.set(slot, (bars.get(slot) ?? 0) + 1);
    }
    for (const [slot, count] of bars) {
      const [kind, index] = slot.split(" ");
      const height = Math.min(LANE_HEIGHT - 1, 3 + 3 * count);
      pen.fillStyle = colours[kind];
      pen.fillRect(x((Number(index) + 0.5) * BAR_MS), UP[kind] ? middle - 1 - height : middle + 1, BAR_WIDTH, height);
    }
  }

  function stroke(...points) {
    pen.beginPath();
    for (const [px, py] of points) pen.lineTo(px, py);
    pen.stroke();
  }
}

/** Makes the canvas as sharp as the screen; gives its size in CSS pixels. */
function resize(canvas, pen) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const scale = devicePixelRatio;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  return { width, height };
}

function coloursNow() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    line: colour("line"),
    soft: colour("soft"),
    water: colour("water"),
    waterPale: colour("water-pale"),
    waterFaint: colour("water-faint"),
    passed: colour("water"),
    stop: colour("stop"),
    denied: colour("stop"),
    uncounted: colour("soft"),
    mono: style.getPropertyValue("--mono"),
  };
}
