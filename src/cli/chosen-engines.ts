import type { Topology } from '../topology/model.ts';
import { UsageError } from './failure.ts';

/** The engine that `--engine` names, or all of the topology. Throws UsageError when there is none of that name. */
export function chosenEngines(topology: Topology, wanted: string | undefined): readonly string[] {
  const names = topology.engines.map(({ name }) => name);
  if (wanted === undefined) return names;
  if (names.includes(wanted)) return [wanted];
  throw new UsageError(`No engine "${wanted}" in topology "${topology.name}"; expected one of: ${names.join(', ')}`);
}
