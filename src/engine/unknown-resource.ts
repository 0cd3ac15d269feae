import { WsnFault } from '../wsn/faults.ts';
import type { ResourceKind } from './ports/engine.ts';

/** The same for ids that never were, that are another engine's, and that have ended: nobody learns which it is. */
export function unknownResource(kind: ResourceKind | undefined, id: string): WsnFault {
  const what = kind === undefined ? 'resource' : kind.replace('-', ' ');
  return new WsnFault('ResourceUnknownFault', `There is no ${what} '${id.slice(0, 64)}'`);
}
