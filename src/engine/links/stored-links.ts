import type { EngineName } from '../../kernel/names.ts';
import type { Parts } from '../parts.ts';
import { interestKey, PeerInterest } from './peer-interest.ts';
import { isLinkCursorId, linkCursorId, type StoredLinks } from './peer-links.ts';
import { unpackRecord, type StoredExpression, type StoredHighWater, type StoredInterest } from '../records.ts';

type Linked = Pick<Parts, 'peerLinks' | 'demand' | 'log' | 'absentees'>;

/** What these peers want, as stored. */
export function storedInterests(
  { demand }: Pick<Parts, 'demand'>,
  peers: readonly EngineName[],
  { interests }: StoredLinks,
): ReadonlyMap<EngineName, PeerInterest> {
  const byPeer = new Map<EngineName, PeerInterest>(peers.map((peer) => [peer, new PeerInterest(peer, demand)]));
  for (const { key, value } of interests) {
    const { peer, isExpression } = interestKey(key);
    const stored = unpackRecord(`interest ${key}`, value);
    if (isExpression) byPeer.get(peer)?.loadExpression(stored as StoredExpression);
    else byPeer.get(peer)?.load(stored as StoredInterest);
  }
  return byPeer;
}

/** Opens the links to these peers where they were left; what is stored of others stays for the day when they come back. */
export function openLinks(
  { peerLinks, log, absentees }: Linked,
  interests: ReadonlyMap<EngineName, PeerInterest>,
  stored: StoredLinks,
): void {
  const taken = new Map<EngineName, number>();
  for (const { key, value } of stored.highWaters)
    taken.set(key, (unpackRecord(`high water ${key}`, value) as StoredHighWater).seq);
  for (const [peer, interest] of interests) {
    const position = stored.positions.get(linkCursorId(peer)) ?? lowest([log.head, ...interest.sinces()]);
    peerLinks.open(peer, interest, taken.get(peer) ?? 0, position);
  }
  const isAbsent = (peer: EngineName): boolean => peerLinks.find(peer) === undefined;
  absentees.links = {
    interests: stored.interests.filter(({ key }) => isAbsent(interestKey(key).peer)),
    highWaters: stored.highWaters.filter(({ key }) => isAbsent(key)),
    positions: new Map(
      [...stored.positions].filter(([id]) => isLinkCursorId(id) && isAbsent(id.slice(linkCursorId('').length))),
    ),
  };
}

/** Takes up links to engines that have come to the topology while this one runs; those that are linked already stay as they are. */
export function meetPeers(parts: Linked & Pick<Parts, 'name'>, peers: readonly EngineName[]): void {
  const { peerLinks, absentees, name } = parts;
  const strangers = peers.filter((peer) => peer !== name && peerLinks.find(peer) === undefined);
  if (strangers.length > 0) openLinks(parts, storedInterests(parts, strangers, absentees.links), absentees.links);
}

function lowest(numbers: readonly number[]): number {
  return numbers.reduce((least, number) => Math.min(least, number), Infinity);
}
