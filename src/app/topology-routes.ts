import type { Route } from '../cluster/ports/directory.ts';
import type { Topology } from '../topology/model.ts';

/** True when a route names an engine of the topology and one of that engine's candidates. */
export function isMemberRoute({ engines }: Topology, { engine, server }: Route): boolean {
  return engines.some(({ name, candidates }) => name === engine && candidates.includes(server));
}
