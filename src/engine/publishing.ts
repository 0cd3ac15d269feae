import { InfrastructureError } from '../kernel/errors.ts';
import { pack } from '../kernel/packed.ts';
import type { Conclude, Parts } from './parts.ts';
import type { EngineOperations } from './ports/engine.ts';
import { createEntry, decodeEntry, type LogEntry, type StoredHighWater } from './records.ts';
import { unknownResource } from './subscribing.ts';

type Request<O extends keyof EngineOperations> = EngineOperations[O]['request'];
type Reply<O extends keyof EngineOperations> = Promise<EngineOperations[O]['reply']>;

/** What comes into the log: from publishers, and over links from the peers. */
export class Publishing {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The messages of one request are committed together, in their order. */
  async notify({ messages, resource: pullPoint }: Request<'notify'>, conclude: Conclude): Reply<'notify'> {
    const { limits, pullPoints, clock, log } = this.#parts;
    if (pullPoint !== undefined && pullPoints.find(pullPoint) === undefined) {
      throw unknownResource('pull point', pullPoint);
    }
    if (messages.length === 0) return {};
    assertCount('messages in one notify', messages.length, limits.maxMessagesPerNotify);
    const at = clock.now();
    const entries = messages.map((message) => createEntry(log.assign(), { at, pullPoint }, message));
    return conclude({ ...this.#appended(entries), reply: {} });
  }

  /**
   * Takes over what was published at a peer. How far the peer's log has been taken is committed with the records, so
   * what is sent again is recognised.
   */
  async acceptLink({ origin, records }: Request<'acceptLink'>, conclude: Conclude): Reply<'acceptLink'> {
    const { limits, turns, log } = this.#parts;
    const link = this.#linkOf(origin);
    assertCount('records in one acceptLink', records.length, limits.maxRecordsPerLink);
    return turns.run(link.cursor.id, async () => {
      let highWater = link.highWater;
      const entries: LogEntry[] = [];
      for (const { seq, bytes } of records) {
        if (seq <= highWater) continue;
        const { at, notification } = decodeEntry(seq, bytes);
        entries.push(createEntry(log.assign(), { at, origin, originSeq: seq }, notification));
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

  #appended(entries: readonly LogEntry[]) {
    const { current, distribution } = this.#parts;
    return {
      batch: { append: entries.map(({ seq, bytes }) => ({ seq, bytes })), put: current.plan(entries) },
      apply: () => distribution.publish(entries),
    };
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
