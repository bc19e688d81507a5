import type { Raw } from "../raw.ts";
import { accuracyPlot } from "./plot-accuracy.ts";
import { redisPlot, sizePlot } from "./plot-costs.ts";
import { growthPlot } from "./plot-growth.ts";
import { leasePacePlot, leasesPlot } from "./plot-leases.ts";
import { moneyPlot } from "./plot-money.ts";
import { denialPlot, throughputPlot } from "./plot-throughput.ts";

/** Every plot by the name of its file. */
export function plots(raw: Raw): Record<string, string> {
  return {
    throughput: throughputPlot(raw),
    denials: denialPlot(raw),
    redis: redisPlot(raw),
    size: sizePlot(raw),
    accuracy: accuracyPlot(raw),
    money: moneyPlot(raw),
    growth: growthPlot(raw),
    leases: leasesPlot(raw),
    "leases-pace": leasePacePlot(raw),
  };
}
