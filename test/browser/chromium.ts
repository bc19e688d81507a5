import { execFileSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
const MAC = ["/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"];

// It is to talk to this machine only.
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts the Chromium or Chrome of this machine without a window; on Debian root gets one installed. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = find() ?? install();
  return chromium.launch({ executablePath, args: FLAGS });
}

function find(): string | undefined {
  const { PATH = "", CHROME_PATH } = process.env;
  const inPath = PATH.split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [...(CHROME_PATH ? [CHROME_PATH] : []), ...inPath, ...MAC].find(isExecutable);
}

function install(): string {
  if (process.getuid?.() === 0 && isExecutable("/usr/bin/apt-get")) {
    process.stdout.write("No Chromium on this machine: apt-get install chromium\n");
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const apt = (...args: string[]) =>
      execFileSync("apt-get", ["-qq", ...args], { env, stdio: ["ignore", "ignore", "inherit"] });
    try {
      apt("install", "-y", "chromium");
    } catch {
      apt("update");
      apt("install", "-y", "chromium");
    }
  }
  const found = find();
  if (found) return found;
  throw new Error("No Chromium on this machine: install chromium or Google Chrome, or name one by CHROME_PATH");
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
