import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

test("wrangler bundles the demo for a deployment, without an account and with nothing of this machine in it", () => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-deploy-"));
  try {
    const wrangler = createRequire(import.meta.url).resolve("wrangler/bin/wrangler.js");
    // Wrangler's tools may end before they have cleaned up.
    const env = { ...process.env, TMPDIR: folder, WRANGLER_SEND_METRICS: "false", WRANGLER_HIDE_BANNER: "true" };
    const args = [wrangler, "deploy", "--dry-run", "--outdir", join(folder, "out")];
    const output = execFileSync(process.execPath, args, { encoding: "utf8", env });
    expect(output).toContain("--dry-run: exiting now");
    const bundle = readFileSync(join(folder, "out", "worker.js"), "utf8");
    expect(bundle).toContain("UPSTASH_REDIS_REST_TOKEN");
    expect(bundle).not.toContain(tmpdir());
    expect(bundle).not.toMatch(/node:(child_process|fs|net|http)/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
