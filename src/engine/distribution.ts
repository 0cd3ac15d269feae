import type { CurrentMessages } from './current-messages.ts';
import type { Cursor } from './cursor.ts';
import type { MessageLog } from './log.ts';
import type { PeerLinks } from './links/peer-links.ts';
import type { PullPoints } from './pull-points.ts';
import type { EntryHeader, LogEntry } from './entry.ts';
import type { Subscriptions } from './subscriptions.ts';

interface Readers {
  readonly log: MessageLog;
  readonly subscriptions: Subscriptions;
  readonly pullPoints: PullPoints;
  readonly peerLinks: PeerLinks;
  readonly current: CurrentMessages;
}

/** Hands each record of the log to those that it is for: subscriptions, links, or one recipient alone. */
export class Distribution {
  readonly #readers: Readers;

  readonly #note: (cursor: Cursor) => void;
  readonly #onBehind: (cursor: Cursor) => void;

  /**
   * `note` is called for each cursor that has been offered a record; `onBehind` for each that was live and is not any more,
   * because it cannot be told now whether a record is for it.
   */
  constructor(readers: Readers, note: (cursor: Cursor) => void, onBehind: (cursor: Cursor) => void) {
    this.#readers = readers;
    this.#note = note;
    this.#onBehind = onBehind;
  }

  /** Calls `visit` for the cursor of each reader that the record is for, and `onUndecided` where that cannot be told now. */
  route(
    header: EntryHeader,
    visit: (cursor: Cursor) => void,
    onUndecided: (cursor: Cursor) => void = () => undefined,
  ): void {
    const { subscriptions, pullPoints, peerLinks } = this.#readers;
    if (header.recipient !== undefined) {
      const recipient = pullPoints.find(header.recipient) ?? subscriptions.findSendable(header.recipient);
      if (recipient !== undefined) visit(recipient.cursor);
      return;
    }
    subscriptions.match(
      header,
      (subscription) => visit(subscription.cursor),
      (subscription) => onUndecided(subscription.cursor),
    );
    peerLinks.match(header, (link) => visit(link.cursor));
  }

  /** These records are on the disk: whoever they are for may have them now. */
  publish(entries: readonly LogEntry[]): void {
    this.#readers.log.append(entries);
    const offered = new Set<Cursor>();
    for (const entry of entries) {
      let readers = 0;
      const offer = (cursor: Cursor): void => {
        readers += 1;
        if (cursor.offer(entry)) offered.add(cursor);
        this.#note(cursor);
      };
      this.route(entry, offer, (cursor) => {
        readers += 1;
        if (cursor.fallBehind(entry.seq)) this.#onBehind(cursor);
      });
      if (readers > 0) this.#readers.log.keep(entry);
    }
    this.#readers.current.update(entries);
    for (const cursor of offered) cursor.announce();
  }
}
