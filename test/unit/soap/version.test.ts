import { expect, test } from 'vitest';
import { contentTypeOf, soapNamespace, soapVersionOf } from '../../../src/soap/version.ts';

test('soapVersionOf() is the inverse of soapNamespace() and knows no other namespace', () => {
  expect(soapVersionOf(soapNamespace('1.1'))).toBe('1.1');
  expect(soapVersionOf(soapNamespace('1.2'))).toBe('1.2');
  expect(soapVersionOf('http://www.w3.org/2001/12/soap-envelope')).toBeUndefined();
});

test('contentTypeOf() names the action in SOAP 1.2 only, quoted', () => {
  expect(contentTypeOf('1.1', 'urn:a')).toBe('text/xml; charset=utf-8');
  expect(contentTypeOf('1.2')).toBe('application/soap+xml; charset=utf-8');
  expect(contentTypeOf('1.2', 'urn:a"\\')).toBe('application/soap+xml; charset=utf-8; action="urn:a\\"\\\\"');
});
