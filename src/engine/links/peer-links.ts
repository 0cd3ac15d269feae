import type { EngineName } from '../../kernel/names.ts';
import type { Logger } from '../../kernel/log.ts';
import { Cursor } from '../cursor.ts';
import { Listeners } from '../listeners.ts';
import type { PeerInterest } from './peer-interest.ts';
import type { KeyedRecord } from '../ports/engine-store.ts';
import type { EntryHeader } from '../entry.ts';

/** What the store holds of the links to peers. */
export interface StoredLinks {
  /** What each wants of what is published here. */
  readonly interests: readonly KeyedRecord[];
  /** How far the log of each has been taken over. */
  readonly highWaters: readonly KeyedRecord[];
  /** How far each has come in our log, by the id of its cursor. */
  readonly positions: ReadonlyMap<string, number>;
}

/** Nothing was ever heard of any peer. */
export const NO_LINKS: StoredLinks = { interests: [], highWaters: [], positions: new Map() };

/** The flow of what is published here to one peer, and of what is published there to us. */
export interface PeerLink {
  readonly peer: EngineName;
  readonly interest: PeerInterest;
  readonly cursor: Cursor;
  /** Everything up to this number of the peer's log has been taken over. */
  highWater: number;
  /** True while somebody forwards from its queue. */
  isClaimed: boolean;
}

/** The links to the peers of the topology. */
export class PeerLinks {
  /** Called with the name of a peer for which there is something to claim. */
  readonly ready: Listeners<[EngineName]>;
  /** The peers of the topology at the start. */
  readonly names: readonly EngineName[];
  readonly #byPeer = new Map<EngineName, PeerLink>();
  readonly #queueLength: number;

  constructor(peers: readonly EngineName[], queueLength: number, logger: Logger) {
    this.names = peers;
    this.#queueLength = queueLength;
    this.ready = new Listeners(logger);
  }

  all(): Iterable<PeerLink> {
    return this.#byPeer.values();
  }

  find(peer: EngineName): PeerLink | undefined {
    return this.#byPeer.get(peer);
  }

  /** Adds the link to a peer; `position`: all of the log up to here is done with. */
  open(peer: EngineName, interest: PeerInterest, highWater: number, position: number): void {
    const cursor = new Cursor({
      position,
      owner: {
        id: linkCursorId(peer),
        queueLength: this.#queueLength,
        kind: 'link',
        matches: (header) => isForwarded(header) && interest.matches(header),
        announce: () => this.announce(link),
      },
    });
    const link: PeerLink = { peer, interest, cursor, highWater, isClaimed: false };
    this.#byPeer.set(peer, link);
  }

  /** Calls `visit` for each link to a peer that wants the record. */
  match(header: EntryHeader, visit: (link: PeerLink) => void): void {
    if (!isForwarded(header)) return;
    for (const link of this.#byPeer.values()) {
      if (link.interest.matches(header)) visit(link);
    }
  }

  announce(link: PeerLink): void {
    if (!link.isClaimed && link.cursor.mayHaveMore) this.ready.call(link.peer);
  }
}

/** Resource ids are hexadecimal digits: no colon. */
export function linkCursorId(peer: EngineName): string {
  return `link:${peer}`;
}

export function isLinkCursorId(id: string): boolean {
  return id.startsWith('link:');
}

/** Each engine hears of a record from where it was published, and only from there; what is for one recipient alone stays there. */
function isForwarded({ isOwn, recipient }: EntryHeader): boolean {
  return isOwn && recipient === undefined;
}
