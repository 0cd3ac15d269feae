import type { EngineName } from '../../kernel/names.ts';
import type { Parts } from '../parts.ts';
import type { PeerLink } from './peer-links.ts';
import type { InterestChange } from '../ports/engine.ts';
import type { LinkClaim, LinkOutlet } from '../ports/link-outlet.ts';
import type { LogEntry } from '../entry.ts';

/** What is to be forwarded to the peers, and what is wanted from them. */
export class Links implements LinkOutlet {
  readonly engine: EngineName;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.engine = parts.name;
  }

  onReady(listener: (peer: EngineName) => void, signal: AbortSignal): void {
    const { peerLinks, life } = this.#parts;
    peerLinks.ready.add(listener, signal);
    if (life.isServing) this.announceAll();
  }

  /** Announces every peer, whether or not there is something for it. */
  announceAll(): void {
    const { peerLinks } = this.#parts;
    for (const { peer } of peerLinks.all()) peerLinks.ready.call(peer);
  }

  onInterest(listener: () => void, signal: AbortSignal): void {
    this.#parts.interest.changed.add(listener, signal);
  }

  interestSince(base: number | undefined): InterestChange | undefined {
    return this.#parts.interest.since(base);
  }

  async claim(peer: EngineName, maxCount: number, maxBytes: number): Promise<LinkClaim | undefined> {
    const { life, peerLinks } = this.#parts;
    const link = peerLinks.find(peer);
    if (link === undefined || link.isClaimed || !this.#mayForward()) return undefined;
    link.isClaimed = true;
    const close = life.open();
    const release = (): void => {
      link.isClaimed = false;
      close();
      this.#parts.backlogs.released(link.cursor);
    };
    try {
      const entries = await this.#take(link, maxCount, maxBytes);
      if (entries.length > 0 && this.#mayForward()) return this.#claimOf(link, entries, release);
    } catch (error) {
      release();
      throw life.translate(error);
    }
    release();
    // What came meanwhile was not announced.
    if (link.cursor.length > 0) peerLinks.announce(link);
    return undefined;
  }

  #mayForward(): boolean {
    return this.#parts.life.isServing;
  }

  async #take({ cursor, peer }: PeerLink, maxCount: number, maxBytes: number): Promise<LogEntry[]> {
    const { catchUp, log, limits, logger, writer } = this.#parts;
    if (cursor.length === 0 && cursor.mayHaveMore) await catchUp.fill(cursor, 1, limits.queueLength);
    const { entries, missing } = await log.fetch(cursor.peek(Math.max(1, maxCount)), maxBytes);
    if (missing.length > 0) {
      logger.error('The log lacks records that a link still needs', { peer, count: missing.length });
      cursor.drop(missing);
      writer.markDirty(cursor);
    }
    return entries;
  }

  #claimOf(link: PeerLink, entries: readonly LogEntry[], release: () => void): LinkClaim {
    const { writer, peerLinks } = this.#parts;
    let isSettled = false;
    const settle = (outcome: 'accepted' | 'failed'): void => {
      if (isSettled) return;
      isSettled = true;
      if (outcome === 'accepted' && link.cursor.advance(entries.at(-1)?.seq ?? 0)) writer.markDirty(link.cursor);
      release();
      if (outcome === 'accepted') peerLinks.announce(link);
    };
    return { peer: link.peer, records: entries.map(({ seq, bytes }) => ({ seq, bytes })), settle };
  }
}
