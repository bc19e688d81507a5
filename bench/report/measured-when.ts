import type { Raw, Sections } from "../raw.ts";

/** Who measured a section when, if not in the run of the others. */
export function measuredWhen({ apart }: Raw, section: keyof Sections): string {
  const run = apart?.[section];
  if (!run) return "";
  const { machine, seconds } = run;
  const { sluice } = machine.versions;
  return `Measured by a run of its own, \`npm run bench -- ${section}\`, ${machine.date.replace("T", " ")} UTC, in ${seconds} s, at ${sluice}, load average ${machine.loadBefore.toFixed(1)} at the start.\n\n`;
}
