import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packReply, packRequest, unpackReply, unpackRequest } from '../../../src/http/relay.ts';

const field = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((text) => !text.includes('\n'));
const name = fc.stringMatching(/^[!-~]{1,20}$/);
const body = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));

describe('a relayed message is read as it was packed', () => {
  it('request', () => {
    const request = fc.record({
      path: name,
      contentType: fc.option(field, { nil: undefined }),
      soapAction: fc.option(field, { nil: undefined }),
      requestId: fc.oneof(name, fc.constant('')),
      engine: fc.option(name, { nil: undefined }),
      waitedMs: fc.option(fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }), { nil: undefined }),
      body,
    });
    fc.assert(
      fc.property(request, (sent) => {
        expect(unpackRequest(packRequest(sent))).toEqual(sent);
      }),
    );
  });

  it('reply', () => {
    const reply = fc.record({
      outcome: fc.constantFrom('answered', 'not-processed', 'unknown'),
      status: fc.integer({ min: 100, max: 599 }),
      headers: fc.dictionary(name, field, { maxKeys: 5, noNullPrototype: true }),
      body,
      server: name,
    });
    fc.assert(
      fc.property(reply, (sent) => {
        expect(unpackReply(packReply(sent))).toEqual(sent);
      }),
    );
  });
});

describe('a head with a line too many is refused', () => {
  it('request', () => {
    const payload = packRequest({ path: '/wsn', soapAction: 'a\nb', requestId: '', body: Buffer.from('x') });
    expect(() => unpackRequest(payload)).toThrow(/^Head of 7 lines/);
  });

  it('reply', () => {
    const headers = { 'Content-Type': 'a\nb' };
    const payload = packReply({ outcome: 'answered', status: 200, headers, body: Buffer.from('x'), server: 's' });
    expect(() => unpackReply(payload)).toThrow(/^Head of 6 lines/);
  });
});
