import type { Diagnostic } from '../kernel/errors.ts';
import { draftOf } from './draft.ts';
import { formatPath, type Finding, type Path } from './finding.ts';
import type { Topology } from './model.ts';
import { resolveTopology, type TopologyEnvironment } from './resolve.ts';
import { checkRules } from './rules.ts';
import { checkShape } from './shape.ts';
import { readSource, type Place, type Source } from './source.ts';

/** Beyond this many, more diagnostics help nobody. */
const MOST_DIAGNOSTICS = 100;

/** A topology that can be used, or everything that is wrong with the file, in the order of the text. */
export type ParsedTopology = { readonly topology: Topology } | { readonly diagnostics: readonly Diagnostic[] };

/**
 * Reads and checks the text of a topology file. Never throws for what the text holds.
 *
 * @param file what diagnostics call the file; it is not opened
 * @param options.directory where relative paths in the file start
 */
export function parseTopology(
  text: string,
  file: string,
  options: { readonly directory: string; readonly environment: TopologyEnvironment },
): ParsedTopology {
  const source = readSource(text);
  const faults = source.faults.map(({ line, column, message, hint }) =>
    diagnostic(file, { line, column }, { path: [], message, hint }),
  );
  if (source.content === undefined) return { diagnostics: faults };
  const shape = checkShape(source.content.value);
  const misshapen = new Set(shape.findings.map(({ path }) => formatPath(path)));
  const rules = checkRules(draftOf(source.content.value)).filter(({ path }) => !misshapen.has(formatPath(path)));
  const findings = [...shape.findings, ...rules];
  if (faults.length === 0 && findings.length === 0 && shape.written !== undefined) {
    const resolved = resolveTopology(shape.written, options);
    if ('topology' in resolved) return resolved;
    findings.push(...resolved.findings);
  }
  return { diagnostics: [...faults, ...placed(findings, source, file)].sort(byPlace).slice(0, MOST_DIAGNOSTICS) };
}

function placed(findings: readonly Finding[], source: Source, file: string): Diagnostic[] {
  return findings.map((finding) => diagnostic(file, source.locate(finding.path, finding.atKey), finding));
}

function diagnostic(
  file: string,
  { line, column }: Place,
  { path, message, hint }: { path: Path; message: string; hint?: string | undefined },
): Diagnostic {
  const base = { file, line, column, path: formatPath(path), message };
  return hint === undefined ? base : { ...base, hint };
}

function byPlace(left: Diagnostic, right: Diagnostic): number {
  return left.line - right.line || left.column - right.column;
}
