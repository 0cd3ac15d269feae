import type { ReloadOutcome } from '../app/topology-keeper.ts';
import { formatDiagnostic } from '../kernel/errors.ts';

/** Says to a person what became of a topology file that was read again. */
export function narrateReload(outcome: ReloadOutcome, say: (line: string) => void): void {
  const version = outcome.version === 0 ? '' : ` (version ${outcome.version})`;
  if ('refused' in outcome) {
    say(`The topology file was refused; what held before still holds${version}:`);
    for (const diagnostic of outcome.refused) say(formatDiagnostic(diagnostic));
    return;
  }
  say(outcome.what.length === 0 ? `The topology has not changed${version}` : `The topology has changed${version}:`);
  for (const what of outcome.what) say(`  ${what}`);
}
