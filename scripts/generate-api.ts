// Writes docs/api, the reference, from the doc comments. `--check` only compares, for continuous integration. The pages are
// committed so that they can be read where the code is, and so that a change of what is public shows in its diff.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Application, Converter, ReflectionKind, TypeDocReader } from "typedoc";
import ts from "typescript";

const root = fileURLToPath(new URL("..", import.meta.url));
const target = join(root, "docs/api");
const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
/** What users import, and the file that it is. */
const paths = config.compilerOptions.paths as Record<string, [string]>;

async function generate(folder: string): Promise<void> {
  const options = {
    entryPoints: Object.values(paths).flat(),
    options: join(root, "typedoc.json"),
    logLevel: "Warn",
    out: folder,
  } as const;
  const app = await Application.bootstrapWithPlugins(options, [new TypeDocReader()]);
  // The sources alone: tests and examples would take most of the time.
  const { options: compilerOptions } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  app.options.setCompilerOptions(
    Object.values(paths).map(([file]) => join(root, file)),
    compilerOptions,
    undefined,
  );
  const importOf = new Map(Object.entries(paths).map(([name, [file]]) => [join(root, file), name]));
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (context, reflection) => {
    if (!reflection.kindOf(ReflectionKind.Module)) return;
    const name = importOf.get(
      context.getSymbolFromReflection(reflection)?.declarations?.[0]?.getSourceFile().fileName ?? "",
    );
    if (!name) throw new Error(`No import leads to ${reflection.name}`);
    reflection.name = name;
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    // What is taken apart in the signature has no name of its own there.
    for (const parameter of project.getReflectionsByKind(ReflectionKind.Parameter)) {
      if (parameter.name === "__namedParameters") parameter.name = "options";
    }
  });
  const project = await app.convert();
  if (!project) throw new Error("The sources don't compile");
  app.validate(project);
  await app.generateOutputs(project);
  if (app.logger.hasErrors() || app.logger.hasWarnings()) throw new Error("The doc comments have faults, see above");
}

function pagesOf(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md"));
  return new Map(names.sort().map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

if (process.argv.includes("--check")) {
  const fresh = mkdtempSync(join(tmpdir(), "sluice-api-"));
  try {
    await generate(fresh);
    if (JSON.stringify([...pagesOf(fresh)]) !== JSON.stringify([...pagesOf(target)])) {
      console.error("docs/api doesn't match the doc comments. Mend it with: npm run docs:api");
      process.exitCode = 1;
    }
  } finally {
    rmSync(fresh, { recursive: true });
  }
} else {
  await generate(target);
}
