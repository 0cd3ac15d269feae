import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { readFilter } from '../../../src/wsn/decode-subscribe.ts';
import {
  compileContent,
  compileProducerProperties,
  contentExpressions,
  producerExpressions,
} from '../../../src/wsn/filters/compile.ts';
import { encodeFilter } from '../../../src/wsn/filters/encode.ts';
import { ITEM_FILTER_DIALECT } from '../../../src/wsn/filters/item-filter.ts';
import { payloadOf, queryMatches } from '../../../src/wsn/filters/payload.ts';
import { encodePolicy, readPolicy } from '../../../src/wsn/filters/policy.ts';
import type { Filter, FilterExpression, SubscriptionPolicy } from '../../../src/wsn/messages.ts';
import { XPATH_DIALECT } from '../../../src/wsn/topics/dialects.ts';
import { XPathSandbox } from '../../../src/xml/xpath/sandbox.ts';
import { hasOfficialSchemas, loadOfficialSchemas } from '../../support/schema-validator.ts';
import { element, WSNT } from '../soap/envelopes.ts';
import { wsnFault } from './wsn-fault.ts';

const xpath = new XPathSandbox({ startMs: 60_000, limitMs: 20_000 });
afterAll(() => xpath.dispose());

const CONCRETE = 'http://docs.oasis-open.org/wsn/t-1/TopicExpression/Concrete';
const ONVIF = 'http://www.onvif.org/ver10/schema';
const RIM = 'urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0';

const content = (text: string, namespaces: Readonly<Record<string, string>> = {}): FilterExpression => ({
  dialect: XPATH_DIALECT,
  text,
  namespaces,
});
const items = (text: string, namespaces: Readonly<Record<string, string>> = {}): FilterExpression => ({
  dialect: ITEM_FILTER_DIALECT,
  text,
  namespaces,
});
const message = (payload: string): Buffer => Buffer.from(`<w:Message xmlns:w="${WSNT}">${payload}</w:Message>`);
const passes = (expression: FilterExpression, payload: string): boolean =>
  xpath.test(payloadOf(message(payload)), contentExpressions({ topics: [], contents: [expression] }))[0] ?? false;

describe('MessageContent', () => {
  test.each<[string, string, boolean]>([
    ['boolean(/e/n > 3)', '<e><n>4</n></e>', true],
    ['boolean(/e/n > 3)', '<e><n>3</n></e>', false],
    ['e', '<e/>', true],
    ['/w:Message', '<e/>', false],
    ['..', '<e/>', false],
    ['//p:x/@y = "1"', '<e xmlns:q="urn:p"><q:x y="1"/></e>', true],
    ['count(//x)', '<e/>', false],
    ['string(//x)', '<e><x>0</x></e>', true],
  ])('%s over %s: %s', (text, payload, expected) => {
    expect(passes(content(text, { p: 'urn:p', w: WSNT }), payload)).toBe(expected);
  });

  test.each([
    [
      'an unknown dialect',
      { ...content('a'), dialect: 'http://www.opengis.net/fes/2.0' },
      'http://www.opengis.net/fes',
    ],
    ['no dialect', { ...content('a'), dialect: '' }, 'Found no Dialect'],
    ['an undeclared prefix', content('p:a'), "the prefix 'p'"],
    ['a number', content('15'), 'it is a constant'],
    ['a string', content('("true")'), 'it is a constant'],
    ['a variable', content('$a = 1'), 'no variable'],
    ['no expression', content(''), 'Found the end'],
  ])('with %s is refused', (_, expression, reason) => {
    const fault = wsnFault(() => compileContent(expression));
    expect(fault.fault).toBe('InvalidMessageContentExpressionFault');
    expect(fault.message).toContain(reason);
  });
});

describe('ProducerProperties', () => {
  test('are XPath', () => {
    expect(producerExpressions({ topics: [], producerProperties: [content('//a = 1')] })).toEqual([
      { text: '//a = 1', namespaces: {} },
    ]);
    for (const expression of [items('boolean(//SimpleItem[@Name="a"])'), content('1'), content('(')]) {
      const fault = wsnFault(() => compileProducerProperties(expression));
      expect(fault.fault).toBe('InvalidProducerPropertiesExpressionFault');
    }
  });
});

describe('the ItemFilter dialect', () => {
  const payload =
    `<o:Message xmlns:o="${ONVIF}" UtcTime="2026-01-01T00:00:00Z"><o:Source><o:SimpleItem Name="Token" Value="1"/></o:Source>` +
    '<o:Data><o:SimpleItem Name="State" Value="it\'s on"/><o:ElementItem Name="Box"/></o:Data></o:Message>';

  test.each<[string, boolean]>([
    ['boolean(//tt:SimpleItem[@Name="Token" and @Value="1"])', true],
    ['boolean(//tt:SimpleItem[@Name="Token" and @Value="2"])', false],
    ['boolean(//SimpleItem[@Name="Token"])', true],
    ['boolean( // tt:ElementItem [ @Name = "Box" ] )', true],
    ['boolean(//tt:ElementItem[@Name="Token"])', false],
    ['boolean(//tt:SimpleItem[@Value="it\'s on"])', true],
    ["boolean(//tt:SimpleItem[@Name='Token'])", true],
    ['not(boolean(//tt:SimpleItem[@Name="Token"]))', false],
    ['not (boolean(//tt:SimpleItem[@Name="Token"]) and boolean(//tt:SimpleItem[@Name="X"]))', true],
    ['boolean(//tt:SimpleItem[@Name="X"]) or boolean(//tt:SimpleItem[@Name="State"])', true],
    [
      '(boolean(//tt:SimpleItem[@Name="X"]) or boolean(//tt:SimpleItem[@Name="State"])) and boolean(//tt:SimpleItem[@Value="9"])',
      false,
    ],
    ['boolean(//tt:SimpleItem[not(@Name="Token") and (@Value="1" or @Value="it\'s on")])', true],
    ['boolean(//tt:SimpleItem[@Name="X"])\n or\n boolean(//s:SimpleItem[@Name="Token"])', true],
    ['boolean(//other:SimpleItem[@Name="Token"])', false],
  ])('%s: %s', (text, expected) => {
    expect(passes(items(text, { s: ONVIF, other: 'urn:other' }), payload)).toBe(expected);
  });

  test('a declared tt: means what it is declared as', () => {
    expect(passes(items('boolean(//tt:SimpleItem[@Name="Token"])', { tt: 'urn:other' }), payload)).toBe(false);
  });

  test.each([
    '',
    'true()',
    '//tt:SimpleItem[@Name="a"]',
    'boolean(//tt:SimpleItem)',
    'boolean(//tt:SimpleItem[@Name="a"]',
    'boolean(//tt:SimpleItem[@Name="a"]))',
    'boolean(/tt:SimpleItem[@Name="a"])',
    'boolean(//tt:Message[@Name="a"])',
    'boolean(//tt:*[@Name="a"])',
    'boolean(//u:SimpleItem[@Name="a"])',
    'boolean(//tt:SimpleItem[@Other="a"])',
    'boolean(//tt:SimpleItem[@Name!="a"])',
    'boolean(//tt:SimpleItem[@Name=1])',
    'boolean(//tt:SimpleItem["a"=@Name])',
    'boolean(//tt:SimpleItem[@Name="a" and])',
    'boolean(//tt:SimpleItem[@Name="a"]) and',
    'boolean(//tt:SimpleItem[@Name="a"]) boolean(//tt:SimpleItem[@Name="a"])',
    'not boolean(//tt:SimpleItem[@Name="a"])',
    '()',
    `${'('.repeat(40)}boolean(//tt:SimpleItem[@Name="a"])${')'.repeat(40)}`,
  ])('has no %s', (text) => {
    const fault = wsnFault(() => compileContent(items(text)));
    expect(fault.fault).toBe('InvalidMessageContentExpressionFault');
  });

  test('every expression of the grammar is valid XPath', () => {
    const { expression } = fc.letrec<{ attribute: string; expression: string }>((tie) => ({
      attribute: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom('@Name="a"', "@Value = 'b'"),
        fc.tuple(tie('attribute'), fc.constantFrom('and', 'or'), tie('attribute')).map((parts) => parts.join(' ')),
        tie('attribute').map((inner) => `not(${inner})`),
        tie('attribute').map((inner) => `(${inner})`),
      ),
      expression: fc.oneof(
        { maxDepth: 3 },
        fc
          .tuple(fc.constantFrom('SimpleItem', 'tt:ElementItem'), tie('attribute'))
          .map(([name, inner]) => `boolean(//${name}[${inner}])`),
        fc.tuple(tie('expression'), fc.constantFrom('and', 'or'), tie('expression')).map((parts) => parts.join(' ')),
        tie('expression').map((inner) => `not(${inner})`),
        tie('expression').map((inner) => `(${inner})`),
      ),
    }));
    fc.assert(
      fc.property(expression, (text) => {
        xpath.check(compileContent(items(text)));
      }),
    );
  });
});

describe('the payload', () => {
  test('stands alone, with the namespaces declared around it', () => {
    const stored = Buffer.from(
      `<w:Message xmlns:w="${WSNT}" xmlns:p="urn:p" xmlns="urn:d"><p:a t="p:x"><b>p:y</b></p:a></w:Message>`,
    );
    expect(Buffer.from(payloadOf(stored)).toString()).toBe(
      '<p:a xmlns="urn:d" xmlns:p="urn:p" t="p:x"><b>p:y</b></p:a>',
    );
    expect(() => payloadOf(message(''))).toThrow('Expected a payload element');
  });

  const query = (id: string): string => `<r:AdhocQuery xmlns:r="${RIM}" id="${id}"/>`;
  const filter = (...ids: string[]): Filter => ({ topics: [], queries: ids.map((id) => ({ id, element: query(id) })) });

  test.each<[string, Filter, string, boolean]>([
    ['no query in the filter', { topics: [] }, query('urn:1'), true],
    ['no query in the payload', filter('urn:1'), '<e/>', true],
    ['the same query', filter('urn:1'), `<e>${query(' urn:1 ')}</e>`, true],
    ['another query', filter('urn:1'), `<e>${query('urn:2')}</e>`, false],
    ['the same among others', filter('urn:1'), `<e>${query('urn:2')}<f>${query('urn:1')}</f></e>`, true],
    ['one of two', filter('urn:1', 'urn:2'), query('urn:1'), false],
    ['both of two', filter('urn:1', 'urn:2'), `<e>${query('urn:1')}${query('urn:2')}</e>`, true],
    ['only the words', filter('urn:1'), '<e>AdhocQuery<AdhocQuery id="urn:2"/></e>', true],
  ])('and stored queries: %s', (_, given, payload, expected) => {
    expect(queryMatches(given, Buffer.from(payload))).toBe(expected);
  });
});

const schemas = await loadOfficialSchemas();
const problemsOf = (xml: string): string[] => schemas?.validate(Buffer.from(xml)) ?? [];

describe('written back', () => {
  const full: Required<Pick<Filter, 'topics' | 'contents' | 'producerProperties'>> = {
    topics: [
      { dialect: CONCRETE, text: 't:a/b', namespaces: { t: 'urn:t' } },
      { dialect: CONCRETE, text: 'wsnt:a', namespaces: { wsnt: 'urn:not-wsnt?a&b' } },
    ],
    contents: [content('//p:a[. < 3 and "x&y" != .]', { p: 'urn:p' }), items('boolean(//tt:SimpleItem[@Name="a"])')],
    producerProperties: [content('//w:b', { w: WSNT })],
  };
  const query = `<r:AdhocQuery xmlns:r="${RIM}" id="urn:1"><r:Slot name="$a"/></r:AdhocQuery>`;

  test('a filter is the one that was read', () => {
    expect(readFilter(element(encodeFilter(full)), { xpath })).toEqual(full);
    const withQuery = { ...full, queries: [{ id: 'urn:1', element: query }] };
    expect(readFilter(element(encodeFilter(withQuery)), { xpath, dsub: true })).toEqual(withQuery);
    expect(readFilter(element(encodeFilter({ topics: [] })), {})).toEqual({ topics: [] });
  });

  test.each<SubscriptionPolicy>([
    {},
    { useRaw: true },
    { pauseRetention: 'last' },
    { notifyTermination: false },
    { useRaw: true, pauseRetention: 'none', notifyTermination: true },
  ])('a policy is the one that was read: %j', (policy) => {
    expect(readPolicy(element(encodePolicy(policy)))).toEqual(policy);
    expect(problemsOf(encodePolicy(policy))).toEqual([]);
  });

  test('a policy that is off is not written', () => {
    expect(encodePolicy({ useRaw: false })).not.toContain('UseRaw');
  });

  test.skipIf(!hasOfficialSchemas)('a filter is valid by the official schemas', () => {
    expect(problemsOf(encodeFilter(full))).toEqual([]);
    expect(problemsOf(encodeFilter({ topics: [] }))).toEqual([]);
    expect(problemsOf(encodeFilter(full).replace('Dialect=', 'Language='))).not.toEqual([]);
  });
});
