/**
 * The layer map. One row per folder of src/: what it may import besides itself.
 * docs/architecture.md draws the same map; test/meta/layers.test.ts keeps the two equal.
 */
const LAYERS = {
  kernel: [],
  xml: ['kernel'],
  soap: ['xml', 'kernel'],
  wsn: ['soap', 'xml', 'kernel'],
  topology: ['kernel'],
  telemetry: ['kernel'],
  http: ['kernel'],
  wire: ['kernel'],
  cluster: ['kernel'],
  engine: ['wsn', 'xml/xpath', 'kernel'],
  bus: ['engine/ports', 'cluster/ports', 'wire', 'wsn', 'kernel'],
  storage: ['engine/ports', 'cluster/ports', 'kernel'],
  delivery: ['engine/ports', 'http', 'wsn', 'soap', 'xml', 'kernel'],
  producers: ['engine/ports', 'http', 'wsn', 'soap', 'xml', 'kernel'],
  'service-point': ['engine/ports', 'topology/model', 'wsn', 'soap', 'xml/xpath', 'http', 'wire', 'kernel'],
  proxy: ['cluster/ports', 'topology/model', 'soap', 'http', 'wire', 'kernel'],
  admin: ['engine/ports', 'cluster/ports', 'topology/model', 'http', 'kernel'],
  app: [
    'admin',
    'proxy',
    'service-point',
    'bus',
    'delivery',
    'producers',
    'storage',
    'engine',
    'cluster',
    'wire',
    'http',
    'telemetry',
    'topology',
    'wsn',
    'soap',
    'xml',
    'kernel',
  ],
  cli: ['app', 'topology', 'http', 'kernel'],
};

/** Third-party packages and sensitive builtins: the only folders allowed to import them. */
const OWNERS = {
  'better-sqlite3': ['storage/sqlite'],
  pg: ['storage/postgres'],
  undici: ['http'],
  express: ['admin', 'http'],
  'http-proxy-3': ['proxy'],
  soap: ['cli'],
  'fast-xml-parser': ['cli', 'admin'],
  'libxml2-wasm': ['xml/xpath'],
  'yaml|zod': ['topology'],
  'pino|prom-client': ['telemetry'],
  commander: ['cli'],
};
const BUILTIN_OWNERS = {
  // The last never runs in the built program: it builds threads for those who run the source.
  fs: ['topology', 'storage/sqlite', 'admin', 'app', 'cli', 'xml/xpath', 'kernel/source-thread'],
  http: ['http'],
  https: ['http'],
  net: ['http', 'wire'],
  tls: ['http', 'wire'],
  child_process: ['app'],
  worker_threads: ['kernel', 'storage/sqlite', 'xml/xpath'],
};

const only = (paths) => `^src/(${paths.join('|')})([./]|$)`;

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'src-never-imports-test', severity: 'error', from: { path: '^src/' }, to: { path: '^(test|bench|demo)/' } },
    {
      name: 'main-only-cli',
      severity: 'error',
      from: { path: '^src/main\\.ts$' },
      to: { path: '^src/', pathNot: '^src/cli/' },
    },
    ...Object.entries(LAYERS).map(([layer, deps]) => ({
      name: `layer-${layer}`,
      severity: 'error',
      from: { path: `^src/${layer}/` },
      to: { path: '^src/', pathNot: only([layer, ...deps]) },
    })),
    {
      name: 'adapters-are-strangers',
      comment: 'sqlite, postgres and memory share only the port',
      severity: 'error',
      from: { path: '^src/storage/([^/]+)/' },
      to: { path: '^src/storage/[^/]+/', pathNot: '^src/storage/$1/' },
    },
    ...Object.entries(OWNERS).map(([pkg, owners]) => ({
      name: `owner-${pkg}`,
      severity: 'error',
      from: { path: '^src/', pathNot: only(owners) },
      to: { path: `(^|/)node_modules/(@types/)?(${pkg})/` },
    })),
    ...Object.entries(BUILTIN_OWNERS).map(([mod, owners]) => ({
      name: `builtin-${mod}`,
      severity: 'error',
      from: { path: '^src/', pathNot: only(owners) },
      to: { path: `^(node:)?${mod}(/promises)?$`, dependencyTypes: ['core'] },
    })),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
  },
};

// For the test that compares the map with its picture; the tool itself refuses members that it does not know.
Object.defineProperties(module.exports, { LAYERS: { value: LAYERS }, OWNERS: { value: OWNERS } });
