// `npm run check:layers`: who may import whom; see docs/architecture.md. Circles are the linter's (noImportCycles).

/** The library's layers, the lowest first. A file imports its own layer and those below. */
const LAYERS = ["core", "algorithm", "store", "limiter", "rules", "observe", "http", "dashboard", "compat", "testing"];
const NO_LAYER = `^src/(?!(${LAYERS.join("|")}|server)/|index)`;

const outside = [
  {
    name: "the-library-stands-alone",
    comment: "What a Worker bundles has no dependencies, and nothing of Node's; only types of Hono's are used.",
    from: { path: "^src/(?!server/)" },
    to: { dependencyTypesNot: ["local", "type-only"] },
  },
  {
    name: "the-library-does-not-know-its-surroundings",
    comment: "Tests, benchmarks and scripts import the library, not the other way round; its entry is for users alone.",
    from: { path: "^src/" },
    to: { path: "^(test|bench|scripts|examples)/|^src/index" },
  },
];

const apart = [
  {
    name: "node-has-its-folder",
    comment: "What runs on every fetch runtime does not even name Node's types; the adapters of sluice/node do.",
    from: { path: "^src/(?!server/|http/node/)" },
    to: { dependencyTypes: ["core"] },
  },
  { name: "others-do-not-import-node", from: { path: "^src/(?!http/node/)" }, to: { path: "^src/http/node/" } },
  { name: "every-folder-is-a-layer", from: { path: NO_LAYER }, to: {} },
  { name: "only-layers-are-imported", from: {}, to: { path: NO_LAYER } },
  // But for the command line, which operates what the library keeps in Redis.
  { name: "the-server-stands-apart", from: { path: "^src/server/(?!cli/)" }, to: { path: "^src/(?!server/)" } },
  { name: "nothing-imports-the-server", from: { path: "^src/(?!server/)" }, to: { path: "^src/server/" } },
];

const down = LAYERS.slice(0, -1).map((layer, i) => ({
  name: `${layer}-imports-down`,
  from: { path: `^src/${layer}/` },
  to: { path: `^src/(${LAYERS.slice(i + 1).join("|")})/` },
}));

export default {
  forbidden: [...down, ...apart, ...outside].map((rule) => ({ ...rule, severity: "error" })),
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
  },
};
