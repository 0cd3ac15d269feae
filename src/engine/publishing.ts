import { InfrastructureError } from '../kernel/errors.ts';
import { pack } from '../kernel/packed.ts';
import { WsnFault } from '../wsn/faults.ts';
import { listedNames } from '../wsn/filters/element-names.ts';
import { payloadName } from '../wsn/filters/payload.ts';
import type { Notification, TopicPath } from '../wsn/messages.ts';
import type { Conclude, Parts } from './parts.ts';
import type { EngineOperations, LinkedRecord } from './ports/engine.ts';
import type { KeyedRecord } from './ports/engine-store.ts';
import { digestOf } from './digest.ts';
import { createEntry, decodeEntry, type EntryHeader, type LogEntry } from './entry.ts';
import type { StoredHighWater, StoredTopic } from './records.ts';
import { mayPublish } from './registrations.ts';
import { undecided } from './undecided.ts';
import { unknownResource } from './unknown-resource.ts';

type Request<O extends keyof EngineOperations> = EngineOperations[O]['request'];
type Reply<O extends keyof EngineOperations> = Promise<EngineOperations[O]['reply']>;

/** What comes into the log: from publishers, and over links from the peers. */
export class Publishing {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The messages of one request are committed together, in their order. */
  notify({ messages, resource }: Request<'notify'>, conclude: Conclude): Reply<'notify'> {
    const { limits, clock, log, backlogs } = this.#parts;
    const recipient = this.#recipientOf(resource);
    if (messages.length === 0) return Promise.resolve({});
    assertCount('messages in one notify', messages.length, limits.maxMessagesPerNotify);
    if (recipient === undefined) {
      for (const message of messages) {
        this.#assertPermitted(message.topic, resource);
        this.#assertMessageType(message);
      }
    }
    const at = clock.now();
    // Refused messages take no numbers: the log counts as long as its numbers.
    backlogs.assertRoom(messages.length, () =>
      messages.map((message) => probe(log.assigned, { ...message, recipient, isOwn: true })),
    );
    const entries = messages.map((message) => createEntry(log.assign(), { at, recipient }, message));
    const { batch, apply } = this.#appended(entries);
    return conclude({ batch, apply, reply: {} });
  }

  /**
   * Takes over what was published at a peer. How far the peer's log has been taken is committed with the records, so
   * what is sent again is recognised.
   */
  async acceptLink({ origin, records }: Request<'acceptLink'>, conclude: Conclude): Reply<'acceptLink'> {
    const { limits, turns, log, backlogs } = this.#parts;
    const link = this.#linkOf(origin);
    assertCount('records in one acceptLink', records.length, limits.maxRecordsPerLink);
    return turns.run(link.cursor.id, async () => {
      let highWater = link.highWater;
      const entries: LogEntry[] = [];
      const fresh = above(highWater, records);
      backlogs.assertRoom(fresh.length, () =>
        fresh.map(({ seq, bytes }) => probe(log.assigned, { ...decodeEntry(seq, bytes).notification, isOwn: false })),
      );
      for (const { seq, bytes } of fresh) {
        const { at, notification } = decodeEntry(seq, bytes);
        entries.push(createEntry(log.assign(), { at, origin }, notification));
        highWater = seq;
      }
      if (entries.length === 0) return { highWater };
      const { batch, apply } = this.#appended(entries);
      const stored: StoredHighWater = { seq: highWater };
      const put = [...batch.put, { space: 'high-water', key: origin, value: pack(stored) } as const];
      return conclude({
        batch: { ...batch, put },
        reply: { highWater },
        apply: () => {
          link.highWater = highWater;
          apply();
        },
      });
    });
  }

  /** Remembers what a peer wants, from now on. */
  async learnInterest({ peer, change }: Request<'learnInterest'>, conclude: Conclude): Reply<'learnInterest'> {
    const { limits, turns, log } = this.#parts;
    const { interest, cursor } = this.#linkOf(peer);
    return turns.run(`interest:${peer}`, async () => {
      const most = (change.base === undefined ? 0 : interest.size) + change.add.length;
      assertCount(`expressions of the interest of ${peer}`, most, limits.maxPeerExpressions);
      const { known, batch, apply } = interest.plan(change, log.assigned);
      if (batch === undefined || apply === undefined) return { known };
      // The position goes along, so that a restart knows where to begin even if nothing was ever forwarded.
      const position = { id: cursor.id, seq: cursor.position(log.head) };
      return conclude({ batch: { ...batch, cursors: [position] }, reply: { known }, apply });
    });
  }

  /** The newest message on a topic, for GetCurrentMessage. */
  currentMessage({ topic }: Request<'currentMessage'>): Reply<'currentMessage'> {
    const found = this.#parts.current.find(topic);
    return Promise.resolve(found === undefined ? {} : { found });
  }

  /** The topics that have grown by use here. */
  topics(): Reply<'topics'> {
    return Promise.resolve({ topics: [...this.#parts.topicSet.grown()] });
  }

  /** The pull point that the messages were sent to; undefined: they are for everybody. */
  #recipientOf(resource: string | undefined): string | undefined {
    const { pullPoints, registrations, conduct } = this.#parts;
    if (resource === undefined) {
      if (!conduct.requiresRegistration) return undefined;
      const message = 'Publishers have to register here; found a Notify that was sent to no registration';
      throw new WsnFault('PublisherRegistrationRejectedFault', message);
    }
    if (pullPoints.find(resource) !== undefined) return resource;
    if (registrations.find(resource) === undefined) throw unknownResource(undefined, resource);
    return undefined;
  }

  #assertPermitted(topic: TopicPath | undefined, resource: string | undefined): void {
    const { registrations, topicModel } = this.#parts;
    const registration = resource === undefined ? undefined : registrations.find(resource);
    const verdict = registration === undefined || mayPublish(registration, topic);
    if (verdict === undefined) throw undecided();
    if (!verdict) {
      const message = `Found a message on ${topic ?? 'no topic'}, expected one of the topics that the publisher registered`;
      throw new WsnFault('TopicNotSupportedFault', message);
    }
    const refusal = topic === undefined ? undefined : topicModel.permits(topic);
    if (refusal !== undefined) throw new WsnFault('TopicNotSupportedFault', refusal);
  }

  /** A topic may have messages of the types that its namespace names, and no others (WS-Topics §6). */
  #assertMessageType({ topic, message }: Notification): void {
    const types = topic === undefined ? undefined : this.#parts.topicModel.messageTypes(topic);
    if (topic === undefined || types === undefined) return;
    const found = payloadName(message);
    if (types.some(({ namespace, localName }) => namespace === found.namespace && localName === found.localName))
      return;
    const text = `Found the message ${listedNames([found])} on ${topic}, expected ${listedNames(types)}`;
    throw new WsnFault('TopicNotSupportedFault', `${text}: the message types of the topic`);
  }

  #appended(entries: readonly LogEntry[]) {
    const { distribution, topicSet } = this.#parts;
    const grown = this.#grownBy(entries);
    return {
      batch: {
        append: entries.map(({ seq, bytes }) => ({ seq, bytes })),
        put: grown.map(topicRecord),
      },
      apply: () => {
        for (const topic of grown) topicSet.add(topic);
        distribution.publish(entries);
      },
    };
  }

  /** Topics that are new with these records. */
  #grownBy(entries: readonly LogEntry[]): readonly TopicPath[] {
    const { topicSet } = this.#parts;
    const grown = new Set<TopicPath>();
    for (const { topic, recipient } of entries) {
      if (topic !== undefined && recipient === undefined && topicSet.mayAdd(topic)) grown.add(topic);
    }
    return [...grown];
  }

  #linkOf(peer: string) {
    const link = this.#parts.peerLinks.find(peer);
    if (link !== undefined) return link;
    const message = `Found the peer engine "${peer.slice(0, 64)}", expected one of the topology`;
    throw new InfrastructureError('engine-not-here', message, { processed: 'no' });
  }
}

function assertCount(what: string, found: number, most: number): void {
  if (found <= most) return;
  throw new InfrastructureError('overloaded', `Found ${found} ${what}, at most ${most} are allowed`, {
    processed: 'no',
  });
}

/** Those that were not taken yet, each once: their numbers grow from `highWater` on. */
function above(highWater: number, records: readonly LinkedRecord[]): readonly LinkedRecord[] {
  let last = highWater;
  return records.filter(({ seq }) => {
    const isNew = seq > last;
    if (isNew) last = seq;
    return isNew;
  });
}

/** What a message would be in the log, to see who would get it. */
function probe(
  assigned: number,
  message: Pick<EntryHeader, 'isOwn' | 'message'> & {
    readonly topic?: TopicPath | undefined;
    readonly recipient?: string | undefined;
  },
): EntryHeader {
  const seq = assigned + 1;
  const { topic, recipient, isOwn } = message;
  return { seq, place: { seq, at: 0, size: 0 }, topic, recipient, isOwn, message: message.message };
}

function topicRecord(topic: TopicPath): KeyedRecord {
  const stored: StoredTopic = { topic };
  return { space: 'topic', key: digestOf(topic), value: pack(stored) };
}
