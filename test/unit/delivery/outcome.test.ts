import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { MAX_RETRY_AFTER_MS, outcomeOf, parseRetryAfter } from '../../../src/delivery/outcome.ts';

const NOW = Date.parse('1994-11-06T08:49:00Z');

describe('parseRetryAfter()', () => {
  it.each([
    ['120', 120_000],
    ['0', 0],
    [' 7 ', 7_000],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 37_000],
    ['Sun, 06 Nov 1994 08:48:37 GMT', 0],
    ['99999999', MAX_RETRY_AFTER_MS],
    ['Fri, 31 Dec 1999 23:59:59 GMT', MAX_RETRY_AFTER_MS],
  ])('reads %j', (value, expected) => {
    expect(parseRetryAfter(value, NOW)).toBe(expected);
  });

  it.each(['', '-1', '1.5', 'soon', 'Sun, 06 Nov 1994 08:49:37 CET', 'Sunday, 06-Nov-94 08:49:37 GMT'])(
    'passes over %j',
    (value) => {
      expect(parseRetryAfter(value, NOW)).toBeUndefined();
    },
  );

  it('agrees with the platform on every date', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800 }), fc.integer({ min: 0, max: 3_600 }), (at, before) => {
        const text = new Date(at * 1000).toUTCString();
        expect(parseRetryAfter(text, (at - before) * 1000)).toBe(before * 1000);
      }),
    );
  });
});

describe('outcomeOf()', () => {
  it.each([
    [200, 'delivered'],
    [202, 'delivered'],
    [204, 'delivered'],
    [299, 'delivered'],
    [410, 'gone'],
    [301, 'failed'],
    [302, 'failed'],
    [307, 'failed'],
    [400, 'failed'],
    [404, 'failed'],
    [500, 'failed'],
    [199, 'failed'],
  ])('reads status %i as %s', (status, kind) => {
    expect(outcomeOf({ status, headers: { location: 'http://127.0.0.1/' } }, NOW).kind).toBe(kind);
  });

  it.each([429, 503])('honours Retry-After with status %i', (status) => {
    expect(outcomeOf({ status, headers: { 'retry-after': '90' } }, NOW)).toMatchObject({ retryAfterMs: 90_000 });
  });

  it('does not honour Retry-After with any other status', () => {
    expect(outcomeOf({ status: 500, headers: { 'retry-after': '90' } }, NOW)).not.toHaveProperty('retryAfterMs');
  });
});
