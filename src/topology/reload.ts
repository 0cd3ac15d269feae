import type { Diagnostic } from '../kernel/errors.ts';
import { changesBetween, type TopologyChange } from './changes.ts';
import { formatPath, type Path } from './finding.ts';
import type { Topology } from './model.ts';
import { parseTopology } from './parse.ts';
import type { TopologyEnvironment } from './resolve.ts';
import { readSource } from './source.ts';

/** A text that is to take the place of a topology that holds. */
export interface ReloadRequest {
  readonly text: string;
  /** What diagnostics call it. */
  readonly file: string;
  /** Where relative paths in the text start. */
  readonly directory: string;
  readonly environment: TopologyEnvironment;
  readonly before: Topology;
  /** `rolling`: for members that start anew afterwards. Default: `live`. */
  readonly allows?: 'live' | 'rolling';
}

/** What becomes of a text: it holds, with these changes, or nothing of it does, for these reasons. */
export type Judgement =
  | { readonly topology: Topology; readonly changes: readonly TopologyChange[] }
  | { readonly refused: readonly Diagnostic[] };

const ROLLING = 'needs a rolling restart: pointsman restart --rolling';

/** Decides whether a running member may take up another topology: all of it or nothing. Never throws for any text. */
export function judgeReload({ text, file, directory, environment, before, allows }: ReloadRequest): Judgement {
  const parsed = parseTopology(text, file, { directory, environment });
  if ('diagnostics' in parsed) return { refused: parsed.diagnostics };
  const { topology } = parsed;
  const changes = changesBetween(before, topology);
  const source = readSource(text);
  const refuse = (path: Path, message: string, hint: string): Diagnostic => ({
    ...{ file, ...source.locate(path), path: formatPath(path), message, hint },
  });
  const refused = changes.flatMap(({ change, path, what, note }) => {
    if (change === 'live' || (change === 'rolling' && allows === 'rolling')) return [];
    if (change === 'rolling') return [refuse(path, `${what}; expected it as it is`, ROLLING)];
    return [
      refuse(path, `${what}; expected it as it is while anything runs`, note ?? 'stop everything, then start it'),
    ];
  });
  const version = versionFault(before, topology, changes);
  if (version !== undefined) refused.unshift(refuse(['version'], version, 'each change has a higher version'));
  return refused.length > 0 ? { refused } : { topology, changes };
}

function versionFault(before: Topology, after: Topology, changes: readonly TopologyChange[]): string | undefined {
  if (after.version < before.version) return `found version ${after.version}, expected at least ${before.version}`;
  if (after.version === 0 || after.version > before.version || changes.length === 0) return undefined;
  return `found version ${after.version} with other content than the one that holds, expected a higher version`;
}
