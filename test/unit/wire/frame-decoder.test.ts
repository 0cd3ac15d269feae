import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameDecoder } from '../../../src/wire/frame-decoder.ts';
import { WireProtocolError } from '../../../src/wire/protocol.ts';

interface Frame {
  type: number;
  id: number;
  payload: string;
}

function encode({ type, id, payload }: Frame): Buffer {
  const bytes = Buffer.from(payload, 'hex');
  const head = Buffer.alloc(9);
  head.writeUInt32BE(5 + bytes.length, 0);
  head.writeUInt8(type, 4);
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, bytes]);
}

const frames = fc.array(
  fc.record({
    type: fc.integer({ min: 1, max: 14 }),
    id: fc.integer({ min: 0, max: 0xffff_ffff }),
    payload: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('hex')),
  }),
  { maxLength: 12 },
);

describe('FrameDecoder', () => {
  it('push() gives the same frames wherever the bytes are split', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.nat({ max: 600 }), { maxLength: 60 }), (sent, cuts) => {
        const bytes = Buffer.concat(sent.map(encode));
        const found: Frame[] = [];
        const decoder = new FrameDecoder(1000, (type, id, payload) => {
          found.push({ type, id, payload: payload.toString('hex') });
        });
        const at = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
        at.slice(1).forEach((end, index) => {
          decoder.push(bytes.subarray(at[index], end));
        });
        expect(found).toEqual(sent);
      }),
    );
  });

  it('push() puts together a payload that comes byte by byte', () => {
    const payload = 'ab'.repeat(100_000);
    const bytes = encode({ type: 3, id: 7, payload });
    let found = '';
    const decoder = new FrameDecoder(1 << 20, (_type, _id, view) => {
      found = view.toString('hex');
    });
    for (const byte of bytes) decoder.push(Buffer.of(byte));
    expect(found).toBe(payload);
  });

  it('push() refuses a length over the bound as soon as its four bytes are there', () => {
    const decoder = new FrameDecoder(100, () => expect.unreachable());
    decoder.push(Buffer.from([0, 0, 0]));
    expect(() => {
      decoder.push(Buffer.from([106]));
    }).toThrow(new WireProtocolError('Frame of length 106: expected 5 to 105'));
    expect(() => {
      new FrameDecoder(100, () => undefined).push(Buffer.from([0, 0, 0, 4, 1, 0, 0, 0, 0]));
    }).toThrow(WireProtocolError);
  });

  it('push() takes a payload of exactly the bound', () => {
    let length = 0;
    const decoder = new FrameDecoder(100, (_type, _id, payload) => {
      length = payload.length;
    });
    decoder.push(encode({ type: 3, id: 1, payload: '00'.repeat(100) }));
    expect(length).toBe(100);
  });

  it.each([0, 15, 255])('push() refuses type %i as soon as its byte is there', (type) => {
    const decoder = new FrameDecoder(100, () => expect.unreachable());
    expect(() => {
      decoder.push(Buffer.from([0, 0, 0, 50, type]));
    }).toThrow(new WireProtocolError(`Frame of unknown type ${type}`));
  });

  it('push() obeys a bound that is raised while a frame is taken', () => {
    const lengths: number[] = [];
    const decoder = new FrameDecoder(10, (_type, _id, payload) => {
      lengths.push(payload.length);
      decoder.maxPayloadBytes = 1000;
    });
    decoder.push(
      Buffer.concat([encode({ type: 1, id: 0, payload: '00' }), encode({ type: 3, id: 0, payload: '00'.repeat(500) })]),
    );
    expect(lengths).toEqual([1, 500]);
  });

  it('stop() leaves the rest of the chunk alone', () => {
    let taken = 0;
    const decoder = new FrameDecoder(10, () => {
      taken += 1;
      decoder.stop();
    });
    decoder.push(Buffer.concat([encode({ type: 11, id: 0, payload: '' }), encode({ type: 11, id: 0, payload: '' })]));
    expect(taken).toBe(1);
  });
});
