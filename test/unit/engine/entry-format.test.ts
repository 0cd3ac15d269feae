import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEntry, decodeEntry } from '../../../src/engine/entry.ts';
import { decodeRecord, encodeRecord, type RecordContent } from '../../../src/engine/entry-format.ts';
import { pack } from '../../../src/kernel/packed.ts';

const text = fc.option(fc.string({ unit: 'binary' }), { nil: undefined });
const instant = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const record = fc.record({
  at: instant,
  topic: text,
  producer: text,
  origin: text,
  recipient: text,
  again: fc.option(fc.record({ seq: instant, attempts: fc.nat() }), { nil: undefined }),
  message: fc.uint8Array({ maxLength: 100 }),
});

const comparable = ({ message, ...others }: RecordContent) => ({ ...others, message: [...message] });

describe('a log record', () => {
  it('says what was written, whatever parts it has', () => {
    fc.assert(
      fc.property(record, (content) => {
        expect(comparable(decodeRecord(encodeRecord(content)))).toEqual(comparable(content));
      }),
    );
  });

  it('is read wherever in a buffer it lies', () => {
    const message = Buffer.from('<m/>');
    const bytes = encodeRecord({ at: 7, topic: 'a', message });
    const read = decodeRecord(new Uint8Array(Buffer.concat([Buffer.alloc(3), bytes])).subarray(3));
    expect(comparable(read)).toMatchObject({ at: 7, topic: 'a', message: [...message] });
  });

  it('has memory of its own, in which its message is', () => {
    const message = Buffer.from('<m/>');
    const entry = createEntry(1, { at: 7 }, { topic: 'a', message });
    message.fill('x');
    expect(Buffer.from(entry.message).toString()).toBe('<m/>');
    expect(entry.message.buffer).toBe(entry.bytes.buffer);
  });

  it.each(['recipient', 'pullPoint'])('of an earlier version is read as well, with %s for its recipient', (name) => {
    const message = Buffer.from('<m/>');
    const entry = decodeEntry(3, pack({ at: 7, topic: 'a', producer: '<p/>', [name]: 'r', message }));
    expect(entry).toMatchObject({ seq: 3, at: 7, recipient: 'r', notification: { topic: 'a', producer: '<p/>' } });
    expect(Buffer.from(entry.message).toString()).toBe('<m/>');
  });

  it('that is cut off, or has parts of a later version, is named in the error', () => {
    const whole = encodeRecord({ at: 7, topic: 'some/topic', message: Buffer.alloc(0) });
    expect(() => decodeEntry(3, whole.subarray(0, 20))).toThrow(
      'Cannot read log record 3: found 20 bytes, expected at least the 26 of its texts',
    );
    const later = Buffer.from(whole);
    later.writeUInt32LE(0x8000_0020, 0);
    expect(() => decodeEntry(3, later)).toThrow('Cannot read log record 3: found the parts 0x20');
    expect(() => decodeEntry(3, Buffer.alloc(2))).toThrow('Cannot read log record 3');
  });
});
