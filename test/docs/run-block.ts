import ts from "typescript";

/** Runs the code of a page with these names in place of its imports and of what it declares; returns the value of `result`. */
export function runBlock(code: string, names: Readonly<Record<string, unknown>>, result: string): unknown {
  const { outputText } = ts.transpileModule(code.replace(/^import .+;$/gm, "").replace(/^export /gm, ""), {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  return new Function(...Object.keys(names), `${outputText}\nreturn ${result};`)(...Object.values(names));
}
