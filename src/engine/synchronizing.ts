import type { Conclude, Parts } from './parts.ts';
import type { EngineOperations } from './ports/engine.ts';
import { undecided } from './undecided.ts';
import { allOf } from './verdict.ts';
import { createEntry, type LogEntry } from './entry.ts';
import type { Subscribing } from './subscribing.ts';
import { matchesAll } from './matching.ts';

/** Topics whose current message one synchronize gives. */
const MAX_MESSAGES = 1_000;

/** Gives a subscriber once more what is current (ONVIF Core §9.1.1, SetSynchronizationPoint). */
export class Synchronizing {
  readonly #parts: Parts;
  readonly #subscribing: Subscribing;

  constructor(parts: Parts, subscribing: Subscribing) {
    this.#parts = parts;
    this.#subscribing = subscribing;
  }

  async synchronize(
    { subscription: id }: EngineOperations['synchronize']['request'],
    conclude: Conclude,
  ): Promise<EngineOperations['synchronize']['reply']> {
    const { current, log, clock, distribution } = this.#parts;
    return this.#subscribing.change(id, async ({ matchers, content }) => {
      const at = clock.now();
      const entries: LogEntry[] = [];
      for (const [topic, { message }] of current.all()) {
        if (entries.length === MAX_MESSAGES) break;
        const isOnTopic = matchesAll(matchers, topic);
        if (isOnTopic === false) continue;
        const verdict = allOf([isOnTopic, this.#parts.contents.passes(content, { message, topic })]);
        if (verdict === undefined) throw undecided();
        if (!verdict) continue;
        entries.push(createEntry(log.assign(), { at, recipient: id }, { topic, message }));
      }
      const batch = { append: entries.map(({ seq, bytes }) => ({ seq, bytes })) };
      return conclude({ batch, reply: {}, apply: () => distribution.publish(entries) });
    });
  }
}
