import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InfrastructureError } from '../../../src/kernel/errors.ts';
import { PayloadAssembly } from '../../../src/wire/payload-assembly.ts';
import {
  decodeChannel,
  decodeFailure,
  decodeHello,
  decodeRefusal,
  encodeChannel,
  encodeFailure,
  encodeHello,
  encodeRefusal,
  helloVersion,
} from '../../../src/wire/payloads.ts';
import { freshNonce, PROTOCOL_VERSION, WireProtocolError } from '../../../src/wire/protocol.ts';

const hello = {
  version: PROTOCOL_VERSION,
  name: 'proxy1',
  role: 'proxy',
  expect: 'server1',
  nonce: freshNonce(),
  windowBytes: 4_194_304,
} as const;

describe('payloads', () => {
  it('a hello arrives as it was sent', () => {
    expect(decodeHello(encodeHello(hello))).toEqual(hello);
  });

  it.each(['server', 'proxy', 'tool', 'worker'] as const)('a hello says that it is of a %s', (role) => {
    expect(decodeHello(encodeHello({ ...hello, role })).role).toBe(role);
  });

  it('a hello with the longest names fits into a greeting', () => {
    const longest = 'n'.repeat(64);
    expect(encodeHello({ ...hello, name: longest, expect: longest }).length).toBeLessThan(400);
  });

  it('decodeHello() refuses another version, whatever follows', () => {
    const other = encodeHello({ ...hello, version: 2 });
    expect(helloVersion(other)).toBe(2);
    expect(() => decodeHello(other)).toThrow('The other end speaks wire version 2, this end 1');
  });

  it('decodeHello() refuses names that no member can have, and an empty window', () => {
    for (const name of ['', 'a b', '../x', 'n'.repeat(65)]) {
      expect(() => decodeHello(encodeHello({ ...hello, name }))).toThrow(WireProtocolError);
    }
    expect(() => decodeHello(encodeHello({ ...hello, windowBytes: 0 }))).toThrow(WireProtocolError);
  });

  it('a failure arrives with its code, text and whether it may be sent again', () => {
    for (const processed of ['no', 'unknown'] as const) {
      const error = new InfrastructureError('engine-not-here', 'ME1 is elsewhere: é', { processed });
      expect(decodeFailure(encodeFailure(error))).toEqual(error);
      expect(decodeFailure(encodeFailure(error))).toMatchObject({ processed, code: 'engine-not-here' });
    }
  });

  it('a failure with a code of a later version is unreachable', () => {
    expect(decodeFailure(encodeRefusal('brand-new', 'text'))).toMatchObject({ code: 'unreachable', message: 'text' });
  });

  it('encodeChannel() refuses what is no channel name', () => {
    for (const channel of ['', 'a b', 'é', 'c'.repeat(65)]) expect(() => encodeChannel(channel)).toThrow(RangeError);
    const payload = Buffer.concat([encodeChannel('soap'), Buffer.from('rest')]);
    expect(decodeChannel(payload)).toEqual({ channel: 'soap', end: 5 });
  });

  it('any bytes are either read or refused as a breach of the protocol', () => {
    const readers: ((bytes: Buffer) => unknown)[] = [
      decodeHello,
      decodeFailure,
      decodeRefusal,
      decodeChannel,
      (bytes) => new PayloadAssembly(bytes, 0, 1000),
    ];
    const valid = [encodeHello(hello), encodeRefusal('secret', 'no'), encodeChannel('soap')];
    const mangled = fc
      .record({
        source: fc.constantFrom(...valid),
        at: fc.nat({ max: 60 }),
        byte: fc.nat({ max: 255 }),
        cut: fc.nat(60),
      })
      .map(({ source, at, byte, cut }) => {
        const copy = Buffer.from(source);
        copy[at % copy.length] = byte;
        return copy.subarray(0, Math.max(0, copy.length - (cut > 30 ? 0 : cut)));
      });
    const garbage = fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.oneof(mangled, garbage), (bytes) => {
        for (const read of readers) {
          try {
            read(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(WireProtocolError);
          }
        }
      }),
    );
  });
});

describe('PayloadAssembly', () => {
  const start = (total: number, first: number): Buffer => {
    const frame = Buffer.alloc(4 + first, 'x');
    frame.writeUInt32BE(total);
    return frame;
  };

  it('take() gives the whole payload', () => {
    const payload = new PayloadAssembly(start(10_000, 5000), 0, 10_000);
    expect(payload.isWhole).toBe(false);
    payload.add(Buffer.alloc(5000, 'y'));
    expect(payload.isWhole).toBe(true);
    expect(payload.take().toString()).toBe('x'.repeat(5000) + 'y'.repeat(5000));
  });

  it('refuses totals over the bound, parts beyond the total and parts that are tiny', () => {
    expect(() => new PayloadAssembly(start(1001, 0), 0, 1000)).toThrow('expected at most 1000');
    expect(() => new PayloadAssembly(start(5, 6), 0, 1000)).toThrow(WireProtocolError);
    expect(() => new PayloadAssembly(start(9000, 100), 0, 10_000)).toThrow('expected 4096, or the last one');
    const payload = new PayloadAssembly(start(9000, 5000), 0, 10_000);
    expect(() => payload.add(Buffer.alloc(0))).toThrow(WireProtocolError);
    expect(() => new PayloadAssembly(start(9000, 5000), 0, 10_000).add(Buffer.alloc(4001))).toThrow(WireProtocolError);
  });
});
