import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addDuration, formatDateTime, LATEST_TIME, parseDateTime, parseDuration } from '../../../src/wsn/date-time.ts';

const DAY = 86_400_000;
const EARLIEST = Date.parse('0001-01-01T00:00:00Z');
const time = fc.integer({ min: EARLIEST, max: LATEST_TIME });
const at = (text: string): number => Date.parse(text);

describe('parseDateTime()', () => {
  test.each([
    ['2024-02-29T12:00:00Z', '2024-02-29T12:00:00Z'],
    ['2024-02-29T12:00:00', '2024-02-29T12:00:00Z'],
    ['2010-10-15T12:09:07.1843856+04:00', '2010-10-15T08:09:07.185Z'],
    ['2010-10-15T12:09:07.5-14:00', '2010-10-16T02:09:07.5Z'],
    ['2010-10-15T12:09:07.000000000000000000001Z', '2010-10-15T12:09:07.001Z'],
    ['2010-12-31T23:59:59.9999Z', '2011-01-01T00:00:00Z'],
    ['2010-12-31T24:00:00Z', '2011-01-01T00:00:00Z'],
    ['2010-12-31T24:00:00.000Z', '2011-01-01T00:00:00Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
    ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59Z'],
    ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00Z'],
  ])('reads %s', (text, expected) => {
    expect(parseDateTime(text)).toBe(at(expected));
  });

  test.each([
    ['', 'expected an xsd:dateTime'],
    ['2024-01-01', 'expected an xsd:dateTime'],
    ['2024-01-01 00:00:00Z', 'expected an xsd:dateTime'],
    ['2024-01-01T00:00Z', 'expected an xsd:dateTime'],
    ['2024-01-01T00:00:00.Z', 'expected an xsd:dateTime'],
    ['2024-01-01T00:00:00z', 'expected an xsd:dateTime'],
    ['2024-01-01T00:00:00+0100', 'expected an xsd:dateTime'],
    [' 2024-01-01T00:00:00Z', 'expected an xsd:dateTime'],
    ['+2024-01-01T00:00:00Z', 'expected an xsd:dateTime'],
    ['٢٠٢٤-01-01T00:00:00Z', 'expected an xsd:dateTime'],
    ['10000-01-01T00:00:00Z', 'Found the year 10000, expected 0001 to 9999'],
    [`${'9'.repeat(500)}-01-01T00:00:00Z`, 'expected 0001 to 9999'],
    ['-0044-03-15T00:00:00Z', 'Found the year -0044'],
    ['0000-01-01T00:00:00Z', 'Found the year 0000'],
    ['2024-13-01T00:00:00Z', 'no day of the calendar'],
    ['2024-00-01T00:00:00Z', 'no day of the calendar'],
    ['2024-04-31T00:00:00Z', 'no day of the calendar'],
    ['2023-02-29T00:00:00Z', 'no day of the calendar'],
    ['1900-02-29T00:00:00Z', 'no day of the calendar'],
    ['2024-01-00T00:00:00Z', 'no day of the calendar'],
    ['2024-01-01T24:00:01Z', 'no time of day'],
    ['2024-01-01T24:00:00.0001Z', 'no time of day'],
    ['2024-01-01T25:00:00Z', 'no time of day'],
    ['2024-01-01T00:60:00Z', 'no time of day'],
    ['2024-01-01T23:59:60Z', 'no time of day'],
    ['2024-01-01T00:00:00+14:01', "time zone '+14:01'"],
    ['2024-01-01T00:00:00-13:60', "time zone '-13:60'"],
  ])('refuses %j', (text, message) => {
    expect(() => parseDateTime(text)).toThrow(RangeError);
    expect(() => parseDateTime(text)).toThrow(message);
  });

  test('reads what formatDateTime() writes, and what Date writes', () => {
    fc.assert(
      fc.property(time, (ms) => {
        expect(parseDateTime(formatDateTime(ms))).toBe(ms);
        expect(formatDateTime(ms)).toBe(new Date(ms).toISOString());
      }),
    );
  });
});

describe('formatDateTime()', () => {
  test('refuses times that four digits of year cannot say', () => {
    expect(formatDateTime(LATEST_TIME)).toBe('9999-12-31T23:59:59.999Z');
    expect(() => formatDateTime(LATEST_TIME + 1)).toThrow(RangeError);
    expect(() => formatDateTime(EARLIEST - 1)).toThrow(RangeError);
    expect(() => formatDateTime(Number.NaN)).toThrow(RangeError);
  });
});

describe('parseDuration()', () => {
  test.each([
    ['PT5M', { months: 0, ms: 300_000 }],
    ['P1D', { months: 0, ms: DAY }],
    ['P1M', { months: 1, ms: 0 }],
    ['P1Y2M3DT4H5M6.7S', { months: 14, ms: 3 * DAY + 4 * 3_600_000 + 5 * 60_000 + 6700 }],
    ['-P1Y1D', { months: -12, ms: -DAY }],
    ['P0D', { months: 0, ms: 0 }],
    ['-P0M', { months: 0, ms: 0 }],
    ['PT0.0001S', { months: 0, ms: 1 }],
    ['PT36H', { months: 0, ms: 1.5 * DAY }],
    [`P${'9'.repeat(400)}Y`, { months: Number.MAX_SAFE_INTEGER, ms: 0 }],
    [`-PT${'9'.repeat(400)}S`, { months: 0, ms: -Number.MAX_SAFE_INTEGER }],
  ])('reads %s', (text, expected) => {
    expect(parseDuration(text)).toEqual(expected);
  });

  test.each([
    '',
    'P',
    '-P',
    'PT',
    'P1YT',
    'P1',
    '1D',
    '+P1D',
    'P-1D',
    'P1W',
    'P1S',
    'PT1D',
    'P1DT1',
    'PT.5S',
    'PT1.S',
    'P1M1Y',
    'p1d',
    'P 1D',
    'P1D ',
  ])('refuses %j', (text) => {
    expect(() => parseDuration(text)).toThrow(RangeError);
  });

  test('reads every duration back that its parts write', () => {
    const part = fc.nat(10_000);
    fc.assert(
      fc.property(fc.boolean(), part, part, part, part, (isNegative, months, days, minutes, ms) => {
        const text = `${isNegative ? '-' : ''}P${months}M${days}DT${minutes}M${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, '0')}S`;
        const sign = isNegative ? -1 : 1;
        const duration = parseDuration(text);
        expect(duration.months).toBe(sign * months + 0);
        expect(duration.ms).toBe(sign * (days * DAY + minutes * 60_000 + ms) + 0);
      }),
    );
  });
});

describe('addDuration()', () => {
  test.each([
    ['2024-01-31T10:00:00Z', 'P1M', '2024-02-29T10:00:00Z'],
    ['2023-01-31T10:00:00Z', 'P1M', '2023-02-28T10:00:00Z'],
    ['2023-12-31T10:00:00Z', 'P2M', '2024-02-29T10:00:00Z'],
    ['2024-02-29T00:00:00Z', 'P1Y', '2025-02-28T00:00:00Z'],
    ['2024-03-31T00:00:00Z', '-P1M', '2024-02-29T00:00:00Z'],
    ['2024-01-15T00:00:00Z', '-P13M', '2022-12-15T00:00:00Z'],
    ['2000-01-12T12:13:14Z', 'P1Y3M5DT7H10M3.3S', '2001-04-17T19:23:17.3Z'],
    ['2000-01-01T00:00:00Z', '-P3M', '1999-10-01T00:00:00Z'],
    ['2024-01-31T00:00:00Z', 'P1MT36H', '2024-03-01T12:00:00Z'],
  ])('%s + %s = %s', (start, duration, expected) => {
    expect(addDuration(at(start), parseDuration(duration))).toBe(at(expected));
  });

  test('moves by whole months as the calendar does, and never into a later month', () => {
    const recent = fc.integer({ min: at('1600-01-01T00:00:00Z'), max: at('2400-01-01T00:00:00Z') });
    fc.assert(
      fc.property(recent, fc.integer({ min: -4800, max: 4800 }), (start, months) => {
        const before = new Date(start);
        const after = new Date(addDuration(start, { months, ms: 0 }));
        const count = (date: Date): number => date.getUTCFullYear() * 12 + date.getUTCMonth();
        expect(count(after) - count(before)).toBe(months);
        expect(after.getUTCDate()).toBeLessThanOrEqual(before.getUTCDate());
        const isLastOfMonth = new Date(after.getTime() + DAY).getUTCDate() === 1;
        expect(after.getUTCDate() === before.getUTCDate() || isLastOfMonth).toBe(true);
        expect(after.getTime() - Math.floor(after.getTime() / DAY) * DAY).toBe(start - Math.floor(start / DAY) * DAY);
      }),
    );
  });

  test('of durations beyond all bounds is past every time that can be granted', () => {
    expect(addDuration(0, parseDuration(`P${'9'.repeat(99)}Y`))).toBeGreaterThan(LATEST_TIME);
    expect(addDuration(0, parseDuration(`P${'9'.repeat(99)}D`))).toBeGreaterThan(LATEST_TIME);
  });
});
