import type * as z from 'zod';
import { formatPath, quote, show, type Finding, type Path } from './finding.ts';
import { closest, suggestion } from './spelling.ts';
import { topologySchema, type WrittenTopology } from './schema.ts';

/** The document in the shape of the schema, or everything that keeps it from being so. */
export function checkShape(value: unknown): {
  readonly written?: WrittenTopology;
  readonly findings: readonly Finding[];
} {
  const result = topologySchema.safeParse(value);
  return result.success ? { written: result.data, findings: [] } : { findings: findingsOf(result.error.issues, value) };
}

function findingsOf(issues: readonly z.core.$ZodIssue[], root: unknown): Finding[] {
  const unknownKeys = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? unknownKeyFindings(issue.keys, toPath(issue.path), root) : [],
  );
  const misspelt = new Set(unknownKeys.map(({ meant }) => meant));
  const seen = new Set<string>();
  const wrongValues = issues.flatMap((issue) => {
    const path = toPath(issue.path);
    const key = formatPath(path);
    // One finding for each value; and a key that is missing because it is misspelt is one mistake, not two.
    if (issue.code === 'unrecognized_keys' || seen.has(key) || misspelt.has(key)) return [];
    seen.add(key);
    return [wrongValue(issue, path, root)];
  });
  return [...unknownKeys, ...wrongValues];
}

function unknownKeyFindings(keys: readonly string[], parent: Path, root: unknown): (Finding & { meant?: string })[] {
  const known = keysAt(parent);
  const present = new Set(Object.keys(valueAt(root, parent) ?? {}));
  return keys.map((key) => {
    const path = [...parent, key];
    if (key === 'postgres' && formatPath(parent) === 'store') return { path, atKey: true, ...NO_POSTGRES };
    const meant = closest(
      key,
      known.filter((candidate) => !present.has(candidate)),
    );
    const hint = suggestion(key, known) ?? `the keys here are ${known.join(', ')}`;
    const finding = { path, atKey: true, message: `found the unknown key ${quote(key)}`, hint };
    return meant === undefined ? finding : { ...finding, meant: formatPath([...parent, meant]) };
  });
}

const NO_POSTGRES = {
  message: 'found the store "postgres", expected "sqlite": this version keeps its engines in SQLite only',
  hint: 'write "store: { sqlite: { directory: … } }" and run all candidates of an engine on one machine',
};

function wrongValue(issue: z.core.$ZodIssue, path: Path, root: unknown): Finding {
  const found = valueAt(root, path);
  if (issue.code === 'invalid_key') {
    return { path, atKey: true, message: `found the key ${quote(String(path.at(-1)))}, expected ${issue.message}` };
  }
  if (found === undefined && path.length > 0) {
    return { path, message: `missing, expected ${issue.message}` };
  }
  return { path, message: `found ${show(found)}, expected ${issue.message}`, hint: hintFor(issue, found) };
}

function hintFor(issue: z.core.$ZodIssue, found: unknown): string | undefined {
  if (issue.code === 'invalid_value' && typeof found === 'string') {
    return suggestion(found, issue.values.map(String));
  }
  const isBare = typeof found === 'number' || typeof found === 'boolean';
  if (issue.code === 'invalid_type' && issue.expected === 'string' && isBare && issue.message.includes(' name ')) {
    return `write it in quotes: "${String(found)}"`;
  }
  return undefined;
}

/** The keys that the schema knows at `path`. */
function keysAt(path: Path): string[] {
  let schema: unknown = topologySchema;
  for (const step of path) {
    const { shape, element } = unwrap(schema);
    schema = typeof step === 'number' ? element : shape?.[step];
  }
  return Object.keys(unwrap(schema).shape ?? {});
}

interface SchemaParts {
  readonly shape?: Readonly<Record<string, unknown>>;
  readonly element?: unknown;
  readonly def?: { readonly innerType?: unknown };
}

/** The schema below defaults and optionality. */
function unwrap(schema: unknown): SchemaParts {
  let parts = (schema ?? {}) as SchemaParts;
  while (parts.def?.innerType !== undefined) parts = parts.def.innerType as SchemaParts;
  return parts;
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[step];
  }
  return value;
}

function toPath(path: readonly PropertyKey[]): Path {
  return path.map((step) => (typeof step === 'symbol' ? String(step) : step));
}
