import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/engine/digest.ts';
import { TopicIndex } from '../../../src/engine/matching.ts';
import { SeqQueue } from '../../../src/engine/seq-queue.ts';
import { Turns } from '../../../src/engine/turns.ts';

describe('TopicIndex', () => {
  const exact = (topic: string) => ({ exact: topic, matches: (other: string) => other === topic });
  const below = (root: string) => ({ matches: (other: string) => other.startsWith(root) });

  it('finds exactly those whose matchers all match, without asking those of other exact topics', () => {
    const index = new TopicIndex<string>();
    let asked = 0;
    const spied = { exact: 'z', matches: (topic: string) => ((asked += 1), topic === 'z') };
    const entries = {
      everything: [],
      a: [exact('a')],
      b: [exact('b')],
      both: [exact('a'), exact('b')],
      pattern: [below('a')],
      patternAndExact: [below('a'), exact('a')],
      spied: [spied, spied],
    };
    for (const [name, matchers] of Object.entries(entries)) index.add(name, matchers);
    const found = (topic?: string): string[] => {
      const names: string[] = [];
      index.match(
        topic,
        (name) => names.push(name),
        (name) => expect.fail(name),
      );
      return names.sort();
    };
    expect(found()).toEqual(['everything']);
    expect(found('a')).toEqual(['a', 'everything', 'pattern', 'patternAndExact']);
    expect(found('a/x')).toEqual(['everything', 'pattern']);
    expect(found('b')).toEqual(['b', 'everything']);
    expect(asked).toBe(0);
    for (const [name, matchers] of Object.entries(entries)) index.remove(name, matchers);
    expect([found(), found('a'), found('z')]).toEqual([[], [], []]);
  });
});

describe('SeqQueue', () => {
  it('behaves as an array does', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ push: fc.integer({ min: 1, max: 400 }) }),
        fc.record({ drop: fc.integer({ min: 0, max: 700 }) }),
        fc.record({ remove: fc.integer({ min: 0, max: 50 }) }),
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(steps, (todo) => {
        const queue = new SeqQueue();
        let model: number[] = [];
        let next = 1;
        for (const step of todo) {
          if ('push' in step) {
            for (let i = 0; i < step.push; i += 1) {
              queue.push({ seq: next, at: 0, size: next % 7 });
              model.push(next);
              next += 2;
            }
          } else if ('drop' in step) {
            const through = (model[0] ?? 0) + step.drop;
            expect(queue.removeThrough(through)).toBe(model.filter((seq) => seq <= through).length);
            model = model.filter((seq) => seq > through);
          } else {
            const gone = model[step.remove];
            if (gone !== undefined) queue.remove([gone]);
            model = model.filter((seq) => seq !== gone);
          }
          expect(queue.length).toBe(model.length);
          expect(queue.bytes).toBe(model.reduce((sum, seq) => sum + (seq % 7), 0));
          expect(queue.at(0)?.seq).toBe(model[0]);
          expect(queue.slice(3, 5)).toEqual(model.slice(3, 8));
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('Turns', () => {
  it('come in the order of asking, one at a time per key, also after a failure', async () => {
    const turns = new Turns();
    const seen: string[] = [];
    const step = async (name: string): Promise<void> => {
      seen.push(`${name} begins`);
      await Promise.resolve();
      seen.push(`${name} ends`);
      if (name === 'b') throw new Error('b');
    };
    expect(turns.tryTake('k')).toBeDefined();
    const release = turns.tryTake('other');
    expect(turns.tryTake('other')).toBeUndefined();
    release?.();
    expect(turns.tryTake('other')).toBeDefined();
    const all = ['a', 'b', 'c'].map(async (name) => turns.run('x', async () => step(name)));
    await Promise.allSettled(all);
    expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
    expect(turns.tryTake('x')).toBeDefined();
  });
});

describe('digestOf()', () => {
  it('tells contents apart, not the order of members', () => {
    const bytes = Buffer.from('ab');
    expect(digestOf({ a: 1, b: bytes, c: undefined })).toBe(digestOf({ b: new Uint8Array(bytes), a: 1 }));
    const different = [
      { a: 1 },
      { a: '1' },
      { a: [1] },
      { a: null },
      { b: 1 },
      ['a', 1],
      [['a'], 1],
      'ab',
      bytes,
      [bytes],
      {},
    ];
    expect(new Set(different.map((value) => digestOf(value))).size).toBe(different.length);
    expect(digestOf('a', 'bc')).not.toBe(digestOf('ab', 'c'));
  });
});
