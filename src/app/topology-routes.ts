import type { Route } from '../cluster/ports/directory.ts';
import type { LiveTopology } from '../topology/live.ts';

/** True when a route names an engine of the topology that holds now and one of that engine's candidates. */
export function isMemberRoute({ current }: LiveTopology, { engine, server }: Route): boolean {
  return current.engines.some(({ name, candidates }) => name === engine && candidates.includes(server));
}
