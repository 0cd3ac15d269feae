import { describe, expect, it } from 'vitest';
import type { KeyedRecord } from '../../../src/engine/ports/engine-store.ts';
import { RequestMemory } from '../../../src/engine/request-memory.ts';
import { pack } from '../../../src/kernel/packed.ts';

const limits = { requestMemoryMs: 1_000, maxRequests: 3, maxRequestBytes: 10_000 };
const never = () => Promise.reject(new Error('It was done again'));
const anew = () => Promise.resolve('anew');

function memoryOf(...records: KeyedRecord[]): RequestMemory {
  const memory = new RequestMemory(limits);
  memory.load(records);
  return memory;
}

describe('a remembered request', () => {
  const memory = new RequestMemory(limits);

  it.each([
    ['a reply without content', {}],
    ['a reply', { subscription: 'S1' }],
  ])('is known from its record, with %s', async (_, reply) => {
    const after = memoryOf(memory.record('k', reply, 5_000));
    expect(await after.once('k', 5_999, never)).toEqual(reply);
    expect(await after.once('k', 6_001, anew)).toBe('anew');
  });

  it('is known from the record of an earlier version, which packed the time', async () => {
    const after = memoryOf({ space: 'request', key: 'k', value: pack({ at: 5_000 }) });
    expect(await after.once('k', 5_999, never)).toEqual({});
  });

  it('is known, though later ones of its series have come', async () => {
    const keyOf = (number: number): string => `notify/series-${number.toString(16).padStart(12, '0')}`;
    const after = memoryOf(memory.record(keyOf(20), { of: 20 }, 5_000), memory.record(keyOf(7), { of: 7 }, 5_001));
    expect(await after.once(keyOf(7), 5_500, never)).toEqual({ of: 7 });
    expect(await after.once(keyOf(21), 5_500, anew)).toBe('anew');
    expect(await after.once(keyOf(20), 5_500, never)).toEqual({ of: 20 });
    // One that is overtaken is new all the same.
    expect(await after.once(keyOf(19), 5_500, anew)).toBe('anew');
    expect(await after.once(keyOf(7).replace('series', 'other'), 5_500, anew)).toBe('anew');
  });

  it('of a series is done once while it is under way, however long that takes', async () => {
    const key = 'notify/series-000000000001';
    const after = memoryOf();
    let finish: (reply: string) => void = () => undefined;
    const first = after.once(key, 0, () => new Promise((resolve) => (finish = resolve)));
    after.forget(10 * limits.requestMemoryMs);
    const second = after.once(key, 10 * limits.requestMemoryMs, never);
    finish('done');
    expect(await Promise.all([first, second])).toEqual(['done', 'done']);
  });

  it('takes eight bytes where its reply has no content', () => {
    expect(memory.record('k', {}, 5_000).value.byteLength).toBe(8);
  });

  it('is forgotten, the oldest first, when there are too many', async () => {
    const after = memoryOf(...[1, 2, 3, 4].map((at) => memory.record(`k${at}`, {}, at)));
    expect(after.size).toBe(3);
    expect(await after.once('k1', 5, anew)).toBe('anew');
    expect(await after.once('k2', 5, never)).toEqual({});
  });

  it('is forgotten with others of its age, and three quarters of the room are always of use', () => {
    const roomy = new RequestMemory({ ...limits, maxRequests: 100 });
    const sizes = new Set<number>();
    for (let at = 0; at < 1_000; at += 1) {
      roomy.remember(memory.record(`k${at}`, {}, at / 1_000), at / 1_000, false);
      if (at >= 100) sizes.add(roomy.size);
    }
    expect(Math.max(...sizes)).toBe(100);
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(75);
  });

  it('counts no more than its bytes, whichever comes again under its key', () => {
    const reply = { text: 'x'.repeat(1_000) };
    const narrow = new RequestMemory({ ...limits, maxRequests: 100 });
    for (let round = 0; round < 50; round += 1) {
      narrow.remember(memory.record('again', reply, round), round, true);
    }
    expect(narrow.size).toBe(1);
    for (let at = 0; at < 50; at += 1) narrow.remember(memory.record(`k${at}`, reply, 100 + at), 100 + at, true);
    // Each is a little over 1,100 bytes, of 10,000.
    expect(narrow.size).toBeGreaterThanOrEqual(6);
    expect(narrow.size).toBeLessThanOrEqual(9);
  });

  it('leaves when it is too old, and the store is told from when on they are wanted', async () => {
    const after = memoryOf(...[1_000, 1_400, 1_800].map((at) => memory.record(`k${at}`, {}, at)));
    expect(after.forget(1_500)).toBe(1_000);
    expect(after.size).toBe(3);
    expect(after.forget(2_500)).toBe(1_800);
    expect(after.size).toBe(1);
    expect(await after.once('k1800', 2_500, never)).toEqual({});
    expect(after.forget(3_000)).toBe(2_000);
    expect(after.size).toBe(0);
  });
});
