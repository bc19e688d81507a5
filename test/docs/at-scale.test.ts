import { describe, expect, test } from "vitest";
import type { Measured } from "../simulation/scale/measure.ts";
import { scaleTables } from "../simulation/scale/tables.ts";
import { text } from "./blocks.ts";

const page = text("docs/at-scale.md");
const prose = page.replaceAll(/\s+/g, " ");

type Row = Measured & { readonly regions?: number };
const rowsOf = (name: string) =>
  (JSON.parse(text(`bench/results/${name}.json`)) as { readonly rows: readonly Row[] }).rows;
const crowd = rowsOf("scale");
const limits = rowsOf("scale-leases");
const features = rowsOf("scale-features");
const regions = rowsOf("scale-regions");
const hot = rowsOf("scale-regions-leases");

function at(rows: readonly Row[], variant: string, where: number, load: number): Row {
  const row = rows.find(
    (one) => one.variant === variant && (one.regions ?? one.isolates) === where && one.load === load,
  );
  if (!row) throw new RangeError(`no ${variant} at ${where}, ${load} × the limit`);
  return row;
}

/** Trips per call, in two digits where they are few. */
function trips(rows: readonly Row[], variant: string, where: number, load: number): string {
  const { trips: asked, calls } = at(rows, variant, where, load);
  return asked / calls < 0.1 ? `${Number((asked / calls).toPrecision(2))}` : (asked / calls).toFixed(2);
}
const money = (...of: Parameters<typeof at>) => `${Number(at(...of).dollarsPerMillion.toFixed(1))}`;
const half = (...of: Parameters<typeof at>) => `${Math.round(at(...of).p50Ms)}`;
const most = (...of: Parameters<typeof at>) => `${Math.round(at(...of).p99Ms)}`;
const percent = (value: number) => `${Number((100 * value).toFixed(1))}`;
const due = ({ admitted, due: owed }: Row) => admitted / owed;

/** The least and the most of what is due that these rows admit. */
function span(rows: readonly Row[]): string {
  const parts = rows.map(due);
  const [least, most] = [percent(Math.min(...parts)), percent(Math.max(...parts))];
  return least === most ? `${most} %` : `${least} to ${most} %`;
}
const named = (rows: readonly Row[], ...variants: string[]) => rows.filter(({ variant }) => variants.includes(variant));
const over = (rows: readonly Row[]) => Math.max(...rows.map((row) => row.over));
const beyond = (rows: readonly Row[]) => (over(rows) === 0 ? "nothing" : `${over(rows)} units`);

const [bucket, leased] = ["token bucket", "token bucket, leases"];
const [fixed, leasedFixed] = ["fixed window", "fixed window, leases"];
const [everywhere, onePlace] = ["even, callers everywhere", "even, callers in one place"];
const [afar, home] = ["a home, callers everywhere", "a home, callers at home"];

/** What the page says, with the figures that were measured. */
const SAID: readonly string[] = [
  // In short.
  `9 calls a second of an isolate are ${trips(limits, "10 000 per s", 1000, 0.9)} trips each, 90 are ${trips(limits, "10 000 per s", 100, 0.9)}`,
  `100 isolates at 40 times the limit make ${trips(crowd, fixed, 100, 40)} trips per call with a window, ${trips(crowd, leased, 100, 40)} with a bucket and leases`,
  `ten regions make ${trips(hot, "even, leases", 10, 0.9)} trips per call with even shares and leases, at 0.9 of the limit`,
  // Admitted.
  `A token bucket admits ${span(named(crowd, bucket))} of what is due, a fixed window ${span(named(crowd, fixed))}`,
  `With leases it is ${span(named(crowd, leased))} of a bucket, ${span(named(crowd, leasedFixed))} of a fixed window`,
  `at the limit itself: there a bucket with leases admits ${span(named(crowd, leased).filter(({ load }) => load === 1))}`,
  `the fullest span of a bucket holds ${beyond(named(crowd, bucket))} beyond burst + rate × its length, the fullest window ${beyond(named(crowd, fixed))} beyond its limit`,
  `With leases the fullest span holds ${beyond(named(crowd, leased))} beyond, the fullest window ${beyond(named(crowd, leasedFixed))}`,
  // Trips.
  `32 isolates at 40 times the limit make ${trips(crowd, fixed, 32, 40)} trips per call, 10 000 make ${trips(crowd, fixed, 10_000, 40)}`,
  `A single isolate at 40 times the limit makes ${trips(crowd, bucket, 1, 40)} trips per call, 32 isolates ${trips(crowd, bucket, 32, 40)}`,
  `at half of the limit one isolate makes ${trips(crowd, leased, 1, 0.5)} trips per call, ten make ${trips(crowd, leased, 10, 0.5)}, 100 make ${trips(crowd, leased, 100, 0.5)}`,
  `at 40 times the limit 100 isolates make ${trips(crowd, leased, 100, 40)} trips per call, 1000 make ${trips(crowd, leased, 1000, 40)}, 10 000 make ${trips(crowd, leased, 10_000, 40)}`,
  `with 100 isolates at 40 times the limit ${trips(crowd, leasedFixed, 100, 40)} in place of ${trips(crowd, fixed, 100, 40)}`,
  // How far.
  `100 per s with 10 isolates, 1000 per s with 100 and 10 000 per s with 1000 are the same 9 calls a second of each: ${trips(limits, "100 per s", 10, 0.9)}, ${trips(limits, "1000 per s", 100, 0.9)} and ${trips(limits, "10 000 per s", 1000, 0.9)} trips per call`,
  `At ten times that it is ${trips(limits, "1000 per s", 10, 0.9)} and ${trips(limits, "10 000 per s", 100, 0.9)}, at a tenth of it ${trips(limits, "1000 per s", 1000, 0.9)} and ${trips(limits, "10 000 per s", 10_000, 0.9)}`,
  // Money and waiting.
  `ten isolates at the limit pay ${money(crowd, leased, 10, 1)} dollars in place of ${money(crowd, bucket, 10, 1)}; 100 isolates at 40 times the limit ${money(crowd, leased, 100, 40)} in place of ${money(crowd, bucket, 100, 40)}`,
  `half of all calls take at most ${half(crowd, bucket, 100, 1)} ms, 99 of 100 ${most(crowd, bucket, 100, 1)}`,
  `Of ten isolates at the limit 99 of 100 calls take at most ${most(crowd, leased, 10, 1)} ms with leases`,
  // Features.
  `10 dollars per million in place of ${money(features, "one limiter", 32, 0.9)}`,
  `10 000 isolates at 40 times the limit still make ${trips(features, "a penalty", 10_000, 40)} trips per call`,
  `no second held more than ${100 + over(named(features, "work in flight"))}`,
  // Regions.
  `half of all calls wait for at most ${half(regions, home, 10, 0.9)} ms, 99 of 100 for ${most(regions, home, 10, 0.9)}`,
  `half of the calls wait for up to ${half(regions, afar, 10, 0.9)} ms with ten regions, 99 of 100 for up to ${most(regions, afar, 10, 0.9)}`,
  `at 0.9 of the limit ${trips(regions, everywhere, 10, 0.9)} trips per call with ten regions, half of the calls within ${half(regions, everywhere, 10, 0.9)} ms`,
  `at twice the limit it is ${trips(regions, everywhere, 3, 2)} trips and ${half(regions, everywhere, 3, 2)} ms with three regions, ${trips(regions, everywhere, 10, 2)} trips and ${half(regions, everywhere, 10, 2)} ms with ten`,
  `At half of the limit three regions make ${trips(regions, onePlace, 3, 0.5)} trips per call and ten make ${trips(regions, onePlace, 10, 0.5)}`,
  `callers in one place at 0.9 of the limit get ${percent(due(at(regions, onePlace, 8, 0.9)))} % with eight regions and ${percent(due(at(regions, onePlace, 10, 0.9)))} % with ten`,
  `the fullest span holds ${beyond(regions)} beyond burst + rate × its length`,
  `6 dollars per million, one that asks all ten regions up to ${money(regions, onePlace, 10, 4)}`,
  // Leases over regions.
  `${trips(hot, "even, leases", 10, 0.9)} trips per call with even shares, however many regions there are, ${trips(hot, "a home, leases", 10, 0.9)} with a home and ten regions`,
  `99 of 100 still for up to ${most(hot, "a home, leases", 10, 0.9)} ms`,
  `At twice the limit ten even shares make ${trips(hot, "even, leases", 10, 2)} trips in place of ${trips(hot, "even", 10, 2)}, half of the calls wait for at most ${half(hot, "even, leases", 10, 2)} ms in place of ${half(hot, "even", 10, 2)}, and 99 of 100 for ${most(hot, "even, leases", 10, 2)} in place of ${most(hot, "even", 10, 2)}`,
  `A home makes ${trips(hot, "a home, leases", 10, 2)}, and half of the calls wait for ${half(hot, "a home, leases", 10, 2)} ms`,
  `${percent(due(at(hot, "even, leases", 10, 2)))} % of what is due is admitted with ten even shares, without leases ${percent(due(at(hot, "even", 10, 2)))} %`,
  `the fullest span holds ${beyond(named(hot, "even, leases", "a home, leases"))} beyond its bound`,
];

describe("the page of what many isolates cost says what was measured", () => {
  test.each(SAID)("%s", (said) => {
    expect(prose.includes(said)).toBe(true);
  });

  test.each(scaleTables(features, crowd))("%s", (table) => {
    expect(page.includes(table)).toBe(true);
  });
});
