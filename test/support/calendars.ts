/** Zones whose summer time, offsets and changes differ as much as any do. */
export const ZONES = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "America/St_Johns",
  "America/Santiago",
  "America/Havana",
  "Asia/Kathmandu",
  "Asia/Beirut",
  "Australia/Lord_Howe",
  "Pacific/Auckland",
  "Pacific/Apia",
  "Africa/Casablanca",
] as const;

export type PeriodName = "1 day" | "1 week" | "1 month";

/**
 * Which day, week or month a time is in, as text that sorts: by the wall clock that the platform shows in the zone, and nothing else.
 * Shares no code with src/. A week is named by its Monday.
 */
export function periodName(period: PeriodName, timeZone: string): (time: number) => string {
  const shown = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short" });
  return (time) => {
    const date = shown.format(time);
    if (period === "1 day") return date;
    if (period === "1 month") return date.slice(0, 7);
    const noon = new Date(`${date}T12:00:00Z`);
    noon.setUTCDate(noon.getUTCDate() - ((noon.getUTCDay() + 6) % 7));
    return noon.toISOString().slice(0, 10);
  };
}

/** Every time in [from, to) at which the zone's offset changes, found by its wall clock, to the ms. */
export function switchesOf(timeZone: string, from: number, to: number): number[] {
  const shown = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" });
  const offset = (time: number) =>
    Date.parse(`${shown.format(time).replace(" ", "T")}Z`) - Math.floor(time / 1000) * 1000;
  const found: number[] = [];
  const STEP = 6 * 3_600_000;
  for (let time = from; time < to; time += STEP) {
    let [before, after] = [time, time + STEP];
    if (offset(before) === offset(after)) continue;
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (offset(middle) === offset(before)) before = middle;
      else after = middle;
    }
    found.push(after);
  }
  return found;
}
