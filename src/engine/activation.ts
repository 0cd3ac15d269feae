import { compileTopicExpression } from '../wsn/topics/topic-expression.ts';
import { allCursors } from './all-cursors.ts';
import { restoreBacklog } from './backlog/backlog-record.ts';
import { isSegmentKey } from './backlog/log-extent.ts';
import type { Parts } from './parts.ts';
import { isLinkCursorId } from './links/peer-links.ts';
import type { KeyedRecord, Space, StoredState } from './ports/engine-store.ts';
import { decodeEntry } from './entry.ts';
import {
  unpackRecord,
  type StoredAlive,
  type StoredPullPoint,
  type StoredRegistration,
  type StoredRemote,
  type StoredSubscription,
  type StoredTopic,
} from './records.ts';
import { openLinks, storedInterests } from './links/stored-links.ts';
import { subscriptionRemoval, type Subscription } from './subscriptions.ts';

/** Records of the log that are read at once for the current messages. */
const CURRENT_RECORDS = 256;
const CURRENT_BYTES = 1024 * 1024;

/**
 * Takes what the store holds into the memory of a new engine. The cursors are all behind after it. Throws where a record
 * cannot be read, and when the tenure ends meanwhile.
 */
export async function restore(parts: Parts, { head, cursors: positions, pages }: StoredState): Promise<void> {
  const bySpace = new Map<Space, KeyedRecord[]>();
  /** Subscriptions that feed a pull point: that has to come first. */
  const feeding: Subscription[] = [];
  for await (const page of pages) {
    // To load takes a while, in which the lease has to be renewed; and it may have been lost.
    parts.life.assertMayAct();
    for (const record of page) {
      if (record.space === 'subscription') loadSubscription(parts, record, positions, feeding);
      else keepBySpace(bySpace, record);
    }
  }
  const recordsOf = (space: Space): readonly KeyedRecord[] => bySpace.get(space) ?? [];
  for (const { value } of recordsOf('topic')) parts.topicSet.add((unpackRecord('a topic', value) as StoredTopic).topic);
  for (const { value } of recordsOf('alive'))
    parts.alive.at = (unpackRecord('when it was alive', value) as StoredAlive).at;
  const backlogs = recordsOf('backlog');
  parts.log.extent.load(backlogs);
  restorePullPoints(parts, recordsOf('pull-point'), positions);
  restoreFeeding(parts, feeding);
  restoreRegistrations(parts, recordsOf('registration'), recordsOf('remote'));
  parts.current.load(recordsOf('current'));
  const links = { interests: recordsOf('interest'), highWaters: recordsOf('high-water'), positions };
  const interests = storedInterests(parts, parts.peerLinks.names, links);
  parts.log.open(
    head,
    Math.max(highest(positions.values()), ...[...interests.values()].map((one) => highest(one.sinces()))),
  );
  openLinks(parts, interests, links);
  restoreBacklogs(parts, backlogs);
  parts.requests.load(recordsOf('request'));
  parts.deadLetters.load(recordsOf('dead-letter'));
  parts.retries.load(recordsOf('retry'));
  removeStrayCursors(parts, positions.keys());
  await restoreCurrent(parts);
}

type Positions = ReadonlyMap<string, number>;

function restorePullPoints({ pullPoints }: Parts, records: readonly KeyedRecord[], positions: Positions): void {
  for (const { key, value } of records) {
    const stored = unpackRecord(`pull point ${key}`, value) as StoredPullPoint;
    pullPoints.add(pullPoints.create(key, stored, positions.get(key) ?? stored.since));
  }
}

function keepBySpace(bySpace: Map<Space, KeyedRecord[]>, record: KeyedRecord): void {
  const known = bySpace.get(record.space);
  if (known === undefined) bySpace.set(record.space, [record]);
  else known.push(record);
}

/** What has expired is taken, too: an outage may have kept it from being renewed. */
function loadSubscription(
  { subscriptions }: Parts,
  { key, value }: KeyedRecord,
  positions: Positions,
  feeding: Subscription[],
): void {
  const stored = unpackRecord(`subscription ${key}`, value) as StoredSubscription;
  const subscription = subscriptions.create(key, stored, positions.get(key) ?? stored.since);
  if (stored.consumer.kind === 'pull') feeding.push(subscription);
  else subscriptions.add(subscription);
}

/** Those whose pull point is no more are removed. */
function restoreFeeding({ subscriptions, pullPoints, writer }: Parts, feeding: readonly Subscription[]): void {
  for (const subscription of feeding) {
    const { id: key, consumer } = subscription;
    if (consumer.kind === 'pull' && pullPoints.find(consumer.pullPoint) !== undefined) {
      subscriptions.add(subscription);
      continue;
    }
    const { remove = [], removeCursors = [] } = subscriptionRemoval([key]);
    for (const { space, key: id } of remove) writer.removeLater(space, id);
    for (const id of removeCursors) writer.removeCursorLater(id);
  }
}

function restoreRegistrations(
  { registrations, topicSet }: Parts,
  records: readonly KeyedRecord[],
  remotes: readonly KeyedRecord[],
): void {
  for (const { key, value } of remotes) {
    registrations.loadRemote(key, (unpackRecord(`remote subscriptions ${key}`, value) as StoredRemote).remote);
  }
  for (const { key, value } of records) {
    const stored = unpackRecord(`registration ${key}`, value) as StoredRegistration;
    const { registration, terminationTime, creationTime = 0, isEnded = false } = stored;
    const matchers = registration.topics.map((expression) => compileTopicExpression(expression, topicSet));
    const remote = registrations.takeRemote(key);
    registrations.add({ id: key, registration, matchers, terminationTime, creationTime, remote, isEnded });
  }
}

/** What was published behind the current messages that were stored. */
async function restoreCurrent({ current, log, store }: Parts): Promise<void> {
  while (current.through < log.head) {
    const records = await store.read(current.through + 1, CURRENT_RECORDS, CURRENT_BYTES);
    if (records.length === 0) return;
    // Copies, since a record is a view of all that was read. One by one: each may push another out.
    for (const { seq, bytes } of records) current.update([decodeEntry(seq, Uint8Array.from(bytes))]);
  }
}

/** Records of readers that are no more are removed. */
function restoreBacklogs(parts: Parts, records: readonly KeyedRecord[]): void {
  const byReader = new Map(records.map((record) => [record.key, record]));
  for (const cursor of allCursors(parts)) {
    restoreBacklog(cursor, byReader.get(cursor.id), parts.log.head);
    byReader.delete(cursor.id);
  }
  for (const key of byReader.keys()) {
    if (!isSegmentKey(key)) parts.writer.removeLater('backlog', key);
  }
}

/** Cursors whose reader ended while they were being written. Those of links stay: a peer may come back to the topology. */
function removeStrayCursors({ subscriptions, pullPoints, writer }: Parts, ids: Iterable<string>): void {
  for (const id of ids) {
    if (!subscriptions.has(id) && !pullPoints.has(id) && !isLinkCursorId(id)) writer.removeCursorLater(id);
  }
}

function highest(numbers: Iterable<number>): number {
  let most = 0;
  for (const number of numbers) most = Math.max(most, number);
  return most;
}
