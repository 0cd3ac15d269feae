import { describe, expect, test } from 'vitest';
import { LATEST_TIME } from '../../../src/wsn/date-time.ts';
import { grantTermination, parseTermination } from '../../../src/wsn/termination-time.ts';
import { element } from '../soap/envelopes.ts';
import { wsnFault } from './wsn-fault.ts';

const FAULT = 'UnacceptableInitialTerminationTimeFault';
const NOW = Date.parse('2026-01-31T12:00:00Z');
const XSI = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"';

describe('parseTermination()', () => {
  test.each([
    ['<T>PT1H</T>', { kind: 'relative', duration: { months: 0, ms: 3_600_000 } }],
    ['<T>\n\tP1M\n</T>', { kind: 'relative', duration: { months: 1, ms: 0 } }],
    ['<T>-P1D</T>', { kind: 'relative', duration: { months: 0, ms: -86_400_000 } }],
    ['<T> 2026-02-01T00:00:00 </T>', { kind: 'absolute', at: Date.parse('2026-02-01T00:00:00Z') }],
    [`<T ${XSI} i:nil="true"/>`, { kind: 'infinite' }],
    [`<T ${XSI} i:nil=" 1 "> </T>`, { kind: 'infinite' }],
    [`<T ${XSI} i:nil="false">P1D</T>`, { kind: 'relative', duration: { months: 0, ms: 86_400_000 } }],
  ])('reads %s', (xml, expected) => {
    expect(parseTermination(element(xml), FAULT)).toEqual(expected);
  });

  test('reads no element as absent', () => {
    expect(parseTermination(undefined, FAULT)).toEqual({ kind: 'absent' });
  });

  test.each([
    ['<T/>', 'Found an empty T, expected a dateTime, a duration or xsi:nil="true"'],
    ['<T nil="true"/>', 'Found an empty T'],
    [`<T ${XSI} i:nil="true">P1D</T>`, 'xsi:nil'],
    ['<T>tomorrow</T>', "Found 'tomorrow', expected an xsd:dateTime, in T"],
    ['<T>P1</T>', 'expected an xsd:duration'],
    ['<T>10000-01-01T00:00:00Z</T>', 'the year 10000'],
    ['<T>P1D<x/></T>', 'Found elements inside T'],
  ])('refuses %s', (xml, message) => {
    const fault = wsnFault(() => parseTermination(element(xml), 'UnacceptableTerminationTimeFault'));
    expect(fault.fault).toBe('UnacceptableTerminationTimeFault');
    expect(fault.message).toContain(message);
  });
});

describe('grantTermination()', () => {
  const of = (text: string): number | null =>
    grantTermination(parseTermination(element(`<T>${text}</T>`), FAULT), NOW, FAULT);

  test('grants exactly what is asked for', () => {
    expect(of('PT1S')).toBe(NOW + 1000);
    expect(of('P1M')).toBe(Date.parse('2026-02-28T12:00:00Z'));
    expect(of('2026-01-31T12:00:00.001Z')).toBe(NOW + 1);
    expect(of('9999-12-31T23:59:59Z')).toBe(Date.parse('9999-12-31T23:59:59Z'));
  });

  test('grants no termination where none is asked for', () => {
    expect(grantTermination({ kind: 'absent' }, NOW, FAULT)).toBeNull();
    expect(grantTermination({ kind: 'infinite' }, NOW, FAULT)).toBeNull();
  });

  test.each(['2026-01-31T12:00:00Z', '2005-01-01T00:00:00Z', 'PT0S', '-P1D'])(
    'refuses %s: not in the future',
    (text) => {
      const fault = wsnFault(() => of(text));
      expect(fault.fault).toBe(FAULT);
      expect(fault.message).toContain('not in the future');
      expect(fault.details).toEqual({ minimumTime: NOW + 1000, maximumTime: LATEST_TIME });
    },
  );

  test.each(['P10000Y', `P${'9'.repeat(50)}D`])('refuses %s: too far', (text) => {
    const fault = wsnFault(() => of(text));
    expect(fault.message).toContain('after the year 9999');
    expect(fault.details.maximumTime).toBe(LATEST_TIME);
  });
});
