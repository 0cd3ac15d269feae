import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expandedName } from '../../../../src/wsn/element-name.ts';
import { wsnFaultReply, type WsnFault } from '../../../../src/wsn/faults.ts';
import type { PublisherRegistration } from '../../../../src/wsn/messages.ts';
import { BR_NAMESPACE } from '../../../../src/wsn/namespaces.ts';
import { applyChanges, applyDocument, refusedChange } from '../../../../src/wsn/properties/changes.ts';
import type { ChangeableDocument, ChangeableProperties } from '../../../../src/wsn/properties/changes.ts';
import { decodeChangeProperties } from '../../../../src/wsn/properties/decode-properties.ts';
import { writePropertyDocument } from '../../../../src/wsn/properties/property-document.ts';
import { topicPropertyElement } from '../../../../src/wsn/properties/resource-documents.ts';
import { CONCRETE_DIALECT } from '../../../../src/wsn/topics/dialects.ts';
import { hasOfficialSchemas } from '../../../support/schema-validator.ts';
import { element } from '../../soap/envelopes.ts';
import { wsnFault } from '../wsn-fault.ts';
import { DOCUMENTS, loadSchemas, NOW, registration, REGISTRATION, SUBSCRIPTION, TOPIC } from './examples.ts';

const schemas = await loadSchemas();
const XMLNS = [
  'xmlns:b="http://docs.oasis-open.org/wsn/br-2"',
  'xmlns:w="http://docs.oasis-open.org/wsn/b-2"',
  'xmlns:rp="http://docs.oasis-open.org/wsrf/rp-2"',
  'xmlns:rl="http://docs.oasis-open.org/wsrf/rl-2"',
  'xmlns:pm="urn:pointsman:properties"',
].join(' ');

function registered(changed: Partial<PublisherRegistration> = {}): ChangeableDocument {
  return { document: registration(changed), registration: { ...REGISTRATION, ...changed } };
}

function set(target: ChangeableDocument, components: string): ChangeableProperties {
  const body = element(`<rp:SetResourceProperties ${XMLNS}>${components}</rp:SetResourceProperties>`);
  return applyChanges(target, decodeChangeProperties(body, 'SetResourceProperties'));
}

const topic = (text: string): string => `<b:Topic xmlns:t="urn:t" Dialect="${CONCRETE_DIALECT}">${text}</b:Topic>`;
const demand = (value: string): string => `<b:Demand>${value}</b:Demand>`;
const insert = (...values: string[]): string => `<rp:Insert>${values.join('')}</rp:Insert>`;
const update = (...values: string[]): string => `<rp:Update>${values.join('')}</rp:Update>`;
const remove = (name: string): string => `<rp:Delete ResourceProperty="${name}"/>`;
const texts = ({ topics }: ChangeableProperties): string[] => topics.map(({ text }) => text);

/** The failure that a fault tells of: local names and texts. Fails if not everything is said to be as it was. */
function told({ details }: WsnFault): { current: string[]; requested: string[] } {
  expect(details.changeFailure?.restored).toBe(true);
  const read = (values: readonly string[] = []): string[] =>
    values.map((xml) => `${element(xml).localName} ${element(xml).text()}`);
  return {
    current: read(details.changeFailure?.currentValue),
    requested: read(details.changeFailure?.requestedValue),
  };
}

describe('changes of a registration', () => {
  test.each<[string, string, string[], boolean]>([
    ['insert a topic', insert(topic('t:c')), ['br:a/b', 't:c'], false],
    ['insert several', insert(topic('t:c'), topic('d')), ['br:a/b', 't:c', 'd'], false],
    ['insert what is there', insert(topicPropertyElement(TOPIC)), ['br:a/b'], false],
    ['update topics', update(topic('t:c'), topic('d')), ['t:c', 'd'], false],
    ['update the demand', update(demand(' 1 ')), ['br:a/b'], true],
    ['update both', update(demand('true'), topic('x')), ['x'], true],
    ['delete all topics', remove('b:Topic'), [], false],
    ['delete, then insert', remove('b:Topic') + insert(topic('c')), ['c'], false],
    ['insert, then delete', insert(topic('c')) + remove('b:Topic'), [], false],
    ['update, then insert', update(topic('c')) + insert(topic('d')), ['c', 'd'], false],
    ['have no demand for a while', remove('b:Demand') + insert(demand('true')), ['br:a/b'], true],
  ])('%s', (_, components, expected, isOnDemand) => {
    const changed = set(registered(), components);
    expect([texts(changed), changed.demand]).toEqual([expected, isOnDemand]);
  });

  test('done twice are as done once, so a repeated request does no harm', () => {
    const components = fc.constantFrom(
      ...['a', 'b', 'c'].flatMap((text) => [insert(topic(text)), update(topic(text))]),
      ...[update(demand('true')), update(demand('false')), remove('b:Topic')],
    );
    fc.assert(
      fc.property(fc.array(components, { minLength: 1, maxLength: 6 }), (parts) => {
        const once = set(registered(), parts.join(''));
        expect(new Set(texts(set(registered(once), parts.join(''))))).toEqual(new Set(texts(once)));
      }),
    );
  });

  test.each<[string, string, string, { current: string[]; requested: string[] }]>([
    [
      'a property that is read-only',
      update('<b:CreationTime>2020-01-01T00:00:00Z</b:CreationTime>'),
      'UnableToModifyResourcePropertyFault',
      { current: ['CreationTime 2026-01-02T03:04:04.678Z'], requested: [] },
    ],
    [
      'another standard’s property',
      remove('rl:TerminationTime'),
      'UnableToModifyResourcePropertyFault',
      { current: ['TerminationTime 2026-01-02T03:05:05.678Z'], requested: [] },
    ],
    ['no demand at all', remove('b:Demand'), 'InvalidModificationFault', { current: ['Demand false'], requested: [] }],
    [
      'a second demand',
      insert(demand('true')),
      'InvalidModificationFault',
      { current: ['Demand false'], requested: ['Demand true'] },
    ],
    [
      'a demand that is none',
      update(demand('maybe')),
      'InvalidModificationFault',
      { current: ['Demand false'], requested: [] },
    ],
    [
      'a topic that cannot be read',
      insert(topic('u:c')),
      'InvalidModificationFault',
      { current: ['Topic br:a/b'], requested: [] },
    ],
    [
      'a topic in an unknown dialect',
      insert('<b:Topic Dialect="urn:d">c</b:Topic>'),
      'InvalidModificationFault',
      { current: ['Topic br:a/b'], requested: [] },
    ],
    [
      'too many topics',
      insert(...Array.from({ length: 100 }, (_, index) => topic(`c${index}`))),
      'UnableToModifyResourcePropertyFault',
      { current: ['Topic br:a/b'], requested: [] },
    ],
  ])('are not made for %s', (_, component, name, failure) => {
    // What comes before it is not made either.
    const fault = wsnFault(() => set(registered(), update(topic('before')) + component));
    expect([fault.fault, told(fault)]).toEqual([name, failure]);
  });

  test('put no demand on a publisher that cannot be called', () => {
    const unreachable: ChangeableDocument = {
      document: DOCUMENTS['a registration for all topics']!,
      registration: { topics: [], demand: false, soapVersion: '1.1' },
    };
    const fault = wsnFault(() => set(unreachable, update(demand('true'))));
    expect([fault.fault, told(fault)]).toEqual([
      'UnableToModifyResourcePropertyFault',
      { current: ['Demand false'], requested: ['Demand true'] },
    ]);
    expect(set(unreachable, update(demand('false'))).demand).toBe(false);
  });

  test.each([insert('<b:Topics/>'), update('<w:Filter/>'), remove('w:Topic'), remove('b:topic')])(
    'know no property %s',
    (component) => {
      expect(wsnFault(() => set(registered(), component)).fault).toBe('InvalidResourcePropertyQNameFault');
    },
  );
});

test.each(Object.entries(DOCUMENTS).filter(([, { root }]) => root.localName !== 'PublisherRegistration'))(
  'nothing of %s can be changed',
  (_, document) => {
    for (const { namespace, localName } of document.names) {
      for (const component of [
        `<rp:Delete xmlns:x="${namespace}" ResourceProperty="x:${localName}"/>`,
        insert(`<x:${localName} xmlns:x="${namespace}"/>`),
      ]) {
        const fault = wsnFault(() => set({ document }, component));
        expect(fault.fault, expandedName({ namespace, localName })).toBe('UnableToModifyResourcePropertyFault');
        expect(fault.details.changeFailure?.restored).toBe(true);
      }
    }
  },
);

describe('a document that is put', () => {
  const put = (target: ChangeableDocument, xml: string): ChangeableProperties | undefined =>
    applyDocument(target, element(xml));
  const own = writePropertyDocument(registered().document);

  test.each(Object.entries(DOCUMENTS))('may be what %s is already', (_, document) => {
    expect(put({ document }, writePropertyDocument(document))).toBeUndefined();
  });

  test('may be written otherwise, and have the time of another moment', () => {
    expect(put(registered(), own)).toBeUndefined();
    const indented = own.replaceAll('><', '>\n  <').replaceAll('pm:', 'x:').replaceAll('xmlns:pm', 'xmlns:x');
    expect(indented).not.toBe(own);
    expect(put(registered(), indented)).toBeUndefined();
    expect(put(registered(), own.replace('03:04:05.678Z', '03:09:05.678Z'))).toBeUndefined();
  });

  test('may have other topics and another demand', () => {
    const changed = put(registered(), own.replace('br:a/b', 'br:a/c').replace('>false<', '>true<'));
    expect(changed).toEqual({ topics: [{ ...TOPIC, text: 'br:a/c' }], demand: true });
    const without = own.replace(/<br1?:Topic.*?<\/br1?:Topic>/, '');
    expect(without).not.toBe(own);
    expect(put(registered(), without)).toEqual({ topics: [], demand: false });
  });

  test.each([
    ['of another kind', '<pm:PullPoint xmlns:pm="urn:pointsman:properties"/>'],
    ['of a stranger', '<PublisherRegistration/>'],
    ['with another address', own.replace('http://publisher/', 'http://other/')],
    ['with another attribute', own.replace('<wsa:Address>', '<wsa:Address x="1">')],
    ['with another time of its creation', own.replace('03:04:04.678Z', '03:04:04.679Z')],
    ['without its creation', own.replace(/<br:CreationTime.*?<\/br:CreationTime>/, '')],
    ['with more than there is', own.replace('</pm:PublisherRegistration>', '<x/></pm:PublisherRegistration>')],
    ['without a demand', own.replace(/<br:Demand.*?<\/br:Demand>/, '')],
    ['with two demands', own.replace(/<br:Demand.*?<\/br:Demand>/, (demands) => demands + demands)],
    ['with a topic that cannot be read', own.replace('br:a/b', 'br:a//')],
  ])('is refused: one %s', (_, xml) => {
    expect(xml).not.toBe(own);
    const fault = wsnFault(() => put(registered(), xml));
    expect([fault.fault, fault.details.changeFailure?.restored]).toEqual([
      'UnableToPutResourcePropertyDocumentFault',
      true,
    ]);
  });

  test('must mean the same by the prefixes in its text', () => {
    const subscription = writePropertyDocument(SUBSCRIPTION);
    const other = subscription.replace('xmlns:br="urn:t"', 'xmlns:br="urn:other"');
    expect(other).not.toBe(subscription);
    expect(wsnFault(() => put({ document: SUBSCRIPTION }, other)).fault).toBe(
      'UnableToPutResourcePropertyDocumentFault',
    );
  });

  test('cannot be compared with a document of the broker beyond the limits of the reader', () => {
    const deep = `<t:TopicSet xmlns:t="http://docs.oasis-open.org/wsn/t-1">${'<a>'.repeat(200)}${'</a>'.repeat(200)}</t:TopicSet>`;
    const broker = DOCUMENTS['the broker']!;
    const document = { ...broker, values: [{ name: broker.names[3]!, xml: deep }] };
    const xml = '<pm:NotificationBroker xmlns:pm="urn:pointsman:properties"/>';
    expect(wsnFault(() => put({ document }, xml)).message).toContain('too large');
  });
});

describe('what the engine refuses', () => {
  test.each([
    ['SetResourceProperties', 'SetResourcePropertyRequestFailedFault'],
    ['InsertResourceProperties', 'InsertResourcePropertiesRequestFailedFault'],
    ['UpdateResourceProperties', 'UpdateResourcePropertiesRequestFailedFault'],
    ['DeleteResourceProperties', 'DeleteResourcePropertiesRequestFailedFault'],
    ['PutResourcePropertyDocument', 'UnableToPutResourcePropertyDocumentFault'],
  ] as const)('is a fault of %s', (operation, name) => {
    const fault = refusedChange(operation, registration(), 'why');
    expect([fault.fault, fault.message, fault.details.changeFailure?.restored]).toEqual([name, 'why', true]);
  });
});

test.skipIf(!hasOfficialSchemas)('the faults of changes are valid by the official schemas', () => {
  const faults = [
    refusedChange('SetResourceProperties', registration(), 'why'),
    wsnFault(() => set(registered(), insert(demand('true')))),
    wsnFault(() => set({ document: SUBSCRIPTION }, remove('w:Filter'))),
    wsnFault(() => set({ document: SUBSCRIPTION }, remove('pm:Paused'))),
    wsnFault(() =>
      set(
        { document: DOCUMENTS['the broker']! },
        `<rp:Delete xmlns:t="http://docs.oasis-open.org/wsn/t-1" ResourceProperty="t:TopicSet"/>`,
      ),
    ),
    wsnFault(() =>
      set(registered(), update(`<b:PublisherReference xmlns:b="${BR_NAMESPACE}"><junk/></b:PublisherReference>`)),
    ),
  ];
  for (const fault of faults) {
    expect(schemas?.validate(wsnFaultReply('1.2', fault, NOW).body), fault.message).toEqual([]);
  }
});
