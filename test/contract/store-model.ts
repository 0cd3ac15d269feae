import * as fc from 'fast-check';
import type { LastingSpace, Space, WriteBatch } from '../../src/engine/ports/engine-store.ts';
import { LASTING, SPACES, keyed, readable, record } from './store-contents.ts';

/** What to do next, relative to what is there. */
export interface Step {
  readonly gaps: readonly number[];
  readonly put: readonly { space: Space; key: string }[];
  readonly remove: readonly { space: LastingSpace; key: string }[];
  readonly cursors: readonly { id: string; seq: number }[];
  readonly removeCursors: readonly string[];
  readonly trimBack: number | undefined;
  readonly forgetBack: number | undefined;
}

const key = fc.constantFrom('a', 'b', 'c');
const place = fc.record({ space: fc.constantFrom(...SPACES), key });
const lasting = fc.record({ space: fc.constantFrom(...LASTING), key });
/** Any step. */
export const anyStep: fc.Arbitrary<Step> = fc.record({
  gaps: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 4 }),
  put: fc.array(place, { maxLength: 3 }),
  remove: fc.array(lasting, { maxLength: 2 }),
  cursors: fc.array(fc.record({ id: key, seq: fc.nat(50) }), { maxLength: 2 }),
  removeCursors: fc.array(key, { maxLength: 1 }),
  trimBack: fc.option(fc.integer({ min: -2, max: 5 }), { nil: undefined }),
  forgetBack: fc.option(fc.integer({ min: -1, max: 5 }), { nil: undefined }),
});

/** A store in twenty lines, to compare with. */
export class Model {
  #head = 0;
  #log: [number, string][] = [];
  readonly #records = new Map<string, { line: string; space: Space; at: number }>();
  readonly #cursors = new Map<string, number>();
  #forgottenBefore = -Infinity;

  /** Requests that were put before are forgotten: a store may be late with it. */
  get forgottenBefore(): number {
    return this.#forgottenBefore;
  }

  /** Takes the step, and returns the batch that does the same. */
  apply(step: Step, at: number): WriteBatch {
    const append = step.gaps.map((gap) => record((this.#head += gap)));
    const put = step.put.map(({ space, key: name }) => keyed(space, name, `put at ${at}`));
    for (const { seq, bytes } of append) this.#log.push([seq, readable(bytes)]);
    for (const { space, key: name, value } of put) {
      this.#records.set(`${space} ${name}`, { line: [space, name, readable(value)].join('\t'), space, at });
    }
    for (const { space, key: name } of step.remove) this.#records.delete(`${space} ${name}`);
    for (const { id, seq } of step.cursors) this.#cursors.set(id, seq);
    for (const id of step.removeCursors) this.#cursors.delete(id);
    const trimBelow = step.trimBack === undefined ? undefined : this.#head - step.trimBack;
    if (trimBelow !== undefined) this.#log = this.#log.filter(([seq]) => seq >= trimBelow || seq === this.#head);
    const forgetRequestsBefore = step.forgetBack === undefined ? undefined : at - step.forgetBack;
    if (forgetRequestsBefore !== undefined) {
      this.#forgottenBefore = Math.max(this.#forgottenBefore, forgetRequestsBefore);
      for (const [name, kept] of this.#records) {
        if (kept.space === 'request' && kept.at < forgetRequestsBefore) this.#records.delete(name);
      }
    }
    return {
      append,
      put,
      remove: step.remove,
      cursors: step.cursors,
      removeCursors: step.removeCursors,
      ...(trimBelow === undefined ? {} : { trimBelow }),
      ...(forgetRequestsBefore === undefined ? {} : { forgetRequestsBefore }),
    };
  }

  snapshot(): unknown {
    return {
      head: this.#head,
      log: this.#log,
      records: [...this.#records.values()].map(({ line }) => line).sort(),
      cursors: [...this.#cursors].map(([id, seq]) => `${id}\t${seq}`).sort(),
    };
  }
}
