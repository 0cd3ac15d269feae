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

  it('takes eight bytes where its reply has no content', () => {
    expect(memory.record('k', {}, 5_000).value.byteLength).toBe(8);
  });

  it('is forgotten, the oldest first, when there are too many', async () => {
    const after = memoryOf(...[1, 2, 3, 4].map((at) => memory.record(`k${at}`, {}, at)));
    expect(after.size).toBe(3);
    expect(await after.once('k1', 5, anew)).toBe('anew');
    expect(await after.once('k2', 5, never)).toEqual({});
  });
});
