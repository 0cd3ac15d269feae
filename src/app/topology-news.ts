import type { Logger } from '../kernel/log.ts';
import { pack, unpack } from '../kernel/packed.ts';
import { fingerprintOf } from '../topology/fingerprint.ts';
import type { LiveTopology } from '../topology/live.ts';
import type { Topology } from '../topology/model.ts';

/** Which topology a member has. */
export interface TopologyMark {
  readonly version: number;
  /** Equal for equal topologies. */
  readonly fingerprint: string;
}

export interface TopologyNewsOptions {
  readonly live: LiveTopology;
  readonly logger: Logger;
  /** Another member has a higher version: the file may be there already, and nobody has looked. */
  readonly onNewer: () => void;
}

const MAX_BYTES = 1_024;
const MOST_WARNINGS = 1_000;

/** The mark of a topology. */
export function markOf(topology: Topology): TopologyMark {
  return { version: topology.version, fingerprint: fingerprintOf(topology) };
}

/**
 * What members tell each other of their topologies: which they have, never what is in them. Who hears of a higher version
 * looks at its own file again.
 */
export class TopologyNews {
  readonly #options: TopologyNewsOptions;
  readonly #warned = new Set<string>();

  constructor(options: TopologyNewsOptions) {
    this.#options = options;
  }

  /** The own mark, as it travels. */
  encode(): Buffer {
    return pack(markOf(this.#options.live.current));
  }

  /** Takes the mark of another member. What is none is passed over. */
  hear(member: string, payload: Uint8Array): void {
    const { live, logger, onNewer } = this.#options;
    const version = versionIn(payload);
    if (version === undefined || version <= live.current.version) return;
    onNewer();
    const own = live.current.version;
    const key = `${member} ${version}`;
    if (version <= own || this.#warned.has(key)) return;
    if (this.#warned.size > MOST_WARNINGS) this.#warned.clear();
    this.#warned.add(key);
    logger.warn('Another member has a newer topology', { member, version, own });
  }
}

function versionIn(payload: Uint8Array): number | undefined {
  if (payload.byteLength > MAX_BYTES) return undefined;
  try {
    const { version } = unpack(payload) as { readonly version?: unknown };
    return typeof version === 'number' && Number.isSafeInteger(version) ? version : undefined;
  } catch {
    return undefined;
  }
}
