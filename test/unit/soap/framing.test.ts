import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { httpAction, parseContentType } from '../../../src/soap/framing.ts';
import { contentTypeOf } from '../../../src/soap/version.ts';
import { clipped, isBlank, trimmed } from '../../../src/soap/text.ts';

describe('parseContentType()', () => {
  test('reads media type and parameters in any case, quoted or not', () => {
    const { mediaType, parameters } = parseContentType('Application/SOAP+XML;Charset="utf-8" ; action=urn:a;x="b\\"c"');
    expect(mediaType).toBe('application/soap+xml');
    expect(Object.fromEntries(parameters)).toEqual({ charset: 'utf-8', action: 'urn:a', x: 'b"c' });
  });

  test('takes a missing or empty header as no media type', () => {
    expect(parseContentType(undefined).mediaType).toBe('');
    expect(parseContentType('  ').mediaType).toBe('');
  });

  test('lets the first of two parameters count and passes over rubbish', () => {
    expect(parseContentType('text/xml; charset=a; charset=b; ;;=; "; z').parameters.get('charset')).toBe('a');
  });

  test('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => parseContentType(`text/xml;${text}`).mediaType === 'text/xml'));
  });
});

describe('httpAction()', () => {
  test.each([
    ['"urn:a"', 'urn:a'],
    ['urn:a', 'urn:a'],
    [' " urn:a " ', 'urn:a'],
    ['""', undefined],
    ['"', '"'],
    ['', undefined],
    [undefined, undefined],
  ])('reads SOAPAction %j as %j', (soapAction, action) => {
    expect(httpAction({ soapAction })).toBe(action);
  });

  test('falls back to the action parameter, which contentTypeOf() writes', () => {
    expect(httpAction({ soapAction: '""', contentType: 'application/soap+xml; action="urn:b"' })).toBe('urn:b');
    expect(httpAction({ soapAction: '"urn:a"', contentType: 'application/soap+xml; action="urn:b"' })).toBe('urn:a');
    expect(httpAction({ contentType: 'application/soap+xml; action=""' })).toBeUndefined();
    expect(httpAction({ contentType: contentTypeOf('1.2', 'urn:"q') })).toBe('urn:"q');
  });
});

describe('text', () => {
  test('trimmed() takes off the white space of XML and no other', () => {
    expect(trimmed('\r\n\t a b \t')).toBe('a b');
    expect(trimmed('\u00a0a\u00a0')).toBe('\u00a0a\u00a0');
    expect(trimmed(' \n')).toBe('');
  });

  test('isBlank() is true for white space only', () => {
    expect([isBlank(''), isBlank(' \t\r\n'), isBlank('\u00a0'), isBlank(' x ')]).toEqual([true, true, false, false]);
  });

  test('clipped() keeps short texts and cuts long ones', () => {
    expect(clipped('abc', 3)).toBe('abc');
    expect(clipped('abcd', 3)).toBe('abc…');
  });
});
