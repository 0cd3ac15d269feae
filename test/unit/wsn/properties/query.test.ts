import { describe, expect, test } from 'vitest';
import { XPathError, type XPath } from '../../../../src/xml/xpath/xpath.ts';
import { XPathSandbox } from '../../../../src/xml/xpath/sandbox.ts';
import { QUERY_DIALECT, queryProperties } from '../../../../src/wsn/properties/query.ts';
import { encodePropertiesReply } from '../../../../src/wsn/replies.ts';
import { libxmlXPath } from '../../../support/libxml-xpath.ts';
import { hasOfficialSchemas } from '../../../support/schema-validator.ts';
import { element } from '../../soap/envelopes.ts';
import { wsnFault } from '../wsn-fault.ts';
import { loadSchemas, registration } from './examples.ts';

const schemas = await loadSchemas();
const namespaces = { b: 'http://docs.oasis-open.org/wsn/br-2', pm: 'urn:pointsman:properties' };
const ask = (text: string, dialect?: string): string =>
  queryProperties(
    registration(),
    { operation: 'QueryResourceProperties', text, namespaces, ...(dialect === undefined ? {} : { dialect }) },
    libxmlXPath,
  );
const answer = (text: string): string[] =>
  element(`<x>${ask(text)}</x>`)
    .children()
    .map((child) => [child.localName, child.attribute('', 'Type') ?? '', child.text()].join(' '));

const EXPRESSIONS: readonly (readonly [string, readonly string[]])[] = [
  ['/pm:PublisherRegistration/b:Demand', ['Demand  false']],
  ['//b:Topic | //b:Demand', ['Topic  br:a/b', 'Demand  false']],
  ['boolean(//b:Topic)', ['Value boolean true']],
  ['count(//b:*) + 0.5', ['Value number 4.5']],
  ['string(//b:Topic)', ['Value string br:a/b']],
  ['"a < b"', ['Value string a < b']],
  ['//b:Demand/text()', ['Value text false']],
  ['//b:Topic/@Dialect', ['Value attribute http://docs.oasis-open.org/wsn/t-1/TopicExpression/Concrete']],
  ['//b:Nothing', ['NoNodes  ']],
];

describe('queryProperties()', () => {
  test.each(EXPRESSIONS)('answers %s', (text, expected) => {
    expect(answer(text)).toEqual(expected);
  });

  test('answers / with the document as it is: pm:Value is text, and clients read no markup there', async () => {
    const xpath = new XPathSandbox({ startMs: 60_000, limitMs: 20_000 });
    try {
      const request = { operation: 'QueryResourceProperties', text: '/', namespaces } as const;
      const [whole] = element(`<x>${queryProperties(registration(), request, xpath)}</x>`).children();
      expect([whole?.localName, whole?.children().length]).toEqual(['PublisherRegistration', 7]);
    } finally {
      await xpath.dispose();
    }
  });

  test.skipIf(!hasOfficialSchemas).each(EXPRESSIONS)('answers %s with what is valid', (text) => {
    const reply = encodePropertiesReply('QueryResourceProperties', ask(text));
    expect(schemas?.validate(Buffer.from(reply))).toEqual([]);
  });

  test('knows XPath 1.0, and takes it where no dialect is named', () => {
    expect(ask('true()', QUERY_DIALECT)).toBe(ask('true()'));
    const fault = wsnFault(() => ask('true()', 'http://www.w3.org/TR/2007/REC-xpath20-20070123'));
    expect(fault.fault).toBe('UnknownQueryExpressionDialectFault');
    expect(fault.message).toContain(QUERY_DIALECT);
  });

  test('knows no dialect where there is nothing to evaluate it', () => {
    const request = { operation: 'QueryResourceProperties', text: 'true()', namespaces } as const;
    expect(wsnFault(() => queryProperties(registration(), request, undefined)).fault).toBe(
      'UnknownQueryExpressionDialectFault',
    );
  });

  test('tells an expression that is none from one that fails', () => {
    expect(wsnFault(() => ask('//b:')).fault).toBe('InvalidQueryExpressionFault');
    const failing = (reason: XPathError['reason']): XPath => ({
      ...libxmlXPath,
      evaluate: () => {
        throw new XPathError(reason, 'why');
      },
    });
    for (const reason of ['evaluation', 'limit'] as const) {
      const request = { operation: 'QueryResourceProperties', text: 'true()', namespaces } as const;
      const fault = wsnFault(() => queryProperties(registration(), request, failing(reason)));
      expect([fault.fault, fault.message]).toEqual(['QueryEvaluationErrorFault', 'why']);
    }
  });
});
