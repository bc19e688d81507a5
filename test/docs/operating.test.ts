import { createLimiter, fixedWindow, memoryStore, type Observer } from "sluice";
import ts from "typescript";
import { expect, test } from "vitest";
import * as sluice from "../../src/index.ts";
import { blocksOf, text } from "./blocks.ts";

/** The exports of the page's recipe, run as it is written there. */
function recipe(label: string) {
  const code = blocksOf("docs/operating.md").find((block) => block.label === label)?.code ?? "";
  const { outputText } = ts.transpileModule(code, { compilerOptions: { module: ts.ModuleKind.CommonJS } });
  const exports = {} as { counter: Observer; metrics: () => Response };
  new Function("exports", "require", outputText)(exports, () => sluice);
  return exports;
}

test("the recipe for Prometheus tells what was decided, in its text format", async () => {
  const { counter, metrics } = recipe("prometheus");
  const policies = [fixedWindow({ limit: 2, window: "1 h" })];
  const now = () => Date.UTC(2026, 0, 1);
  const limiter = createLimiter({ name: "api", store: memoryStore(), policies, now, onEvent: counter });
  for (let i = 0; i < 5; i += 1) await limiter.consume("k");
  const response = metrics();
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4");
  const lines = (await response.text()).split("\n");
  expect(lines.at(-1)).toBe("");
  for (const line of lines.slice(0, -1)) {
    expect(line).toMatch(/^(# TYPE \w+ counter|[a-z_]+\{(?:[a-z]+="[a-z-]+",?)+\} \d+)$/);
  }
  expect(lines).toContain('sluice_checks_total{result="allowed",source="store"} 2');
  expect(lines).toContain('sluice_checks_total{result="denied",source="store"} 3');
  expect(lines).toContain('sluice_store_failures_total{kind="timeout"} 0');
});

test("the page names every metric and attribute that sluice/otel has", () => {
  const names = [...text("src/observe/otel.ts").matchAll(/"((?:sluice|error)\.[a-z.]+)"/g)].map(([, name]) => name);
  expect(new Set(names).size).toBe(9);
  for (const name of names) expect(text("docs/operating.md")).toContain(`\`${name}\``);
});
