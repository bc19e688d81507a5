import { readdir, readFile } from "node:fs/promises";
import { join, sep } from "node:path";
import type { Plugin } from "rolldown";

const FILE = "THIRD-PARTY-NOTICES.txt";
const LICENCE = /^(licen[cs]e|copying|notice)(\.\w+)?$/i;
const HEAD = "The command line and the REST server of Sluice contain code of these packages.\n";

/** Packages that are published without their licence: its text as their repository has it. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  "@redis/client": "scripts/build/licences/redis-client.txt",
};

/** Puts a file with the licences of all that is bundled beside it. The build fails where one has none. */
export function thirdPartyNotices(): Plugin {
  return {
    name: "third-party-notices",
    async generateBundle(_, bundle) {
      const chunks = Object.values(bundle).flatMap((each) => (each.type === "chunk" ? [each] : []));
      const folders = new Set(chunks.flatMap(({ moduleIds }) => moduleIds.flatMap((id) => packageFolder(id) ?? [])));
      const notices = await Promise.all([...folders].sort().map(noticeOf));
      if (notices.length > 0) this.emitFile({ type: "asset", fileName: FILE, source: [HEAD, ...notices].join("\n") });
    },
  };
}

/** `…/node_modules/name` or `…/node_modules/@scope/name` of a module inside; undefined for our own. */
function packageFolder(moduleId: string): string | undefined {
  const [path = ""] = moduleId.replaceAll("\0", "").split("?");
  return /^.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\]+/.exec(path)?.[0];
}

async function noticeOf(folder: string): Promise<string> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const own = (await readdir(folder)).filter((file) => LICENCE.test(file)).map((file) => join(folder, file));
  const files = own.length > 0 ? own : [ELSEWHERE[name]];
  const texts = files.map((file) => {
    if (file === undefined) throw new Error(`${folder.split(sep).slice(-2).join("/")} is bundled and has no licence`);
    return readFile(file, "utf8");
  });
  return [`${"-".repeat(80)}\n${name} ${version} (${license})\n`, ...(await Promise.all(texts))].join("\n");
}
