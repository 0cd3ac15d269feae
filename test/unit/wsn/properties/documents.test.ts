import { describe, expect, test } from 'vitest';
import { readEndpointReference } from '../../../../src/soap/addressing.ts';
import { expandedName } from '../../../../src/wsn/element-name.ts';
import { prefixedName } from '../../../../src/wsn/elements.ts';
import { BR_NAMESPACE, WSNT_NAMESPACE, WSTOP_NAMESPACE } from '../../../../src/wsn/namespaces.ts';
import {
  requireProperty,
  writeProperty,
  writePropertyDocument,
} from '../../../../src/wsn/properties/property-document.ts';
import { topicSetElement } from '../../../support/topic-set-element.ts';
import { encodePropertiesReply } from '../../../../src/wsn/replies.ts';
import { readTopicExpression } from '../../../../src/wsn/topics/read-topic.ts';
import { hasOfficialSchemas } from '../../../support/schema-validator.ts';
import { element } from '../../soap/envelopes.ts';
import { loadOurSchemas } from '../../wsdl/our-schemas.ts';
import { wsnFault } from '../wsn-fault.ts';
import { DOCUMENTS, loadSchemas, PUBLISHER, registration, SUBSCRIPTION, TOPIC } from './examples.ts';

const schemas = await loadSchemas();
const ourProblems = loadOurSchemas();
const KINDS = Object.entries(DOCUMENTS);

const shown = (name: string): string[] =>
  element(writePropertyDocument(DOCUMENTS[name]!))
    .children()
    .map((child) => `${prefixedName(child.namespace, child.localName)} ${child.text()}`.trim());

describe('property documents', () => {
  test.each(KINDS)('%s is valid by our own schemas', (_, document) => {
    expect(ourProblems(writePropertyDocument(document))).toEqual([]);
  });

  test.skipIf(!hasOfficialSchemas).each(KINDS)(
    '%s has what the official schemas say of each property',
    (_, document) => {
      const reply = encodePropertiesReply('GetResourcePropertyDocument', writePropertyDocument(document));
      expect(schemas?.validate(Buffer.from(reply))).toEqual([]);
      for (const name of document.names) {
        const one = encodePropertiesReply('GetResourceProperty', writeProperty(document, name));
        expect(schemas?.validate(Buffer.from(one))).toEqual([]);
      }
    },
  );

  test.skipIf(!hasOfficialSchemas)('that are wrong are found by these schemas', () => {
    const wrong = writePropertyDocument({ ...registration(), root: DOCUMENTS['a pull point']!.root });
    expect(schemas?.validate(Buffer.from(wrong))).not.toEqual([]);
    expect(ourProblems(wrong)).not.toEqual([]);
  });

  test.each(KINDS)('%s has only values of its own properties, in their order', (_, document) => {
    const order = document.names.map(expandedName);
    const positions = document.values.map(({ name }) => order.indexOf(expandedName(name)));
    expect(positions).not.toContain(-1);
    expect(positions).toEqual([...positions].sort((one, other) => one - other));
  });

  test('show a subscription', () => {
    expect(shown('a subscription')).toEqual([
      'wsnt:ConsumerReference',
      'wsnt:Filter',
      'wsnt:SubscriptionPolicy',
      'wsnt:CreationTime 2026-01-02T03:04:04.678Z',
      'rl:CurrentTime 2026-01-02T03:04:05.678Z',
      'rl:TerminationTime 2026-01-02T03:05:05.678Z',
      'rp:QueryExpressionDialect http://www.w3.org/TR/1999/REC-xpath-19991116',
      'pm:Paused true',
    ]);
    const [reference, filter, policy] = element(writePropertyDocument(SUBSCRIPTION)).children();
    expect(reference && readEndpointReference(reference)).toEqual(PUBLISHER);
    expect(filter?.children().map((child) => [child.localName, child.text()])).toEqual([
      ['TopicExpression', 'br:a/b'],
      ['TopicExpression', 'x'],
    ]);
    expect(policy?.children().map((child) => `${child.localName} ${child.text()}`.trim())).toEqual([
      'UseRaw',
      'PauseRetention last',
      'NotifyTermination true',
    ]);
  });

  test('show a registration, and its topics as they were sent', () => {
    expect(shown('a registration').slice(0, 4)).toEqual([
      'br:PublisherReference',
      'br:Topic br:a/b',
      'br:Demand false',
      'br:CreationTime 2026-01-02T03:04:04.678Z',
    ]);
    const topic = element(writePropertyDocument(registration())).child(BR_NAMESPACE, 'Topic');
    expect(topic && readTopicExpression(topic)).toEqual(TOPIC);
    expect(shown('a registration for all topics')).toEqual([
      'br:Demand false',
      'br:CreationTime 2026-01-02T03:04:04.678Z',
      'rl:CurrentTime 2026-01-02T03:04:05.678Z',
      'rl:TerminationTime',
    ]);
  });

  test('show the broker', () => {
    expect(shown('the broker')).toEqual([
      'wsnt:FixedTopicSet false',
      'wsnt:TopicExpressionDialect http://docs.oasis-open.org/wsn/t-1/TopicExpression/Simple',
      'wsnt:TopicExpressionDialect http://docs.oasis-open.org/wsn/t-1/TopicExpression/Concrete',
      'wstop:TopicSet',
      'br:RequiresRegistration true',
      'rp:QueryExpressionDialect http://www.w3.org/TR/1999/REC-xpath-19991116',
      'pm:PauseRetention all',
      'pm:RawSupported true',
    ]);
  });
});

describe('a property', () => {
  test('has its values, or none', () => {
    const two = registration({ topics: [TOPIC, { ...TOPIC, text: 'c' }] });
    expect(
      element(`<x>${writeProperty(two, { namespace: BR_NAMESPACE, localName: 'Topic' })}</x>`).children(),
    ).toHaveLength(2);
    const none = registration({ topics: [] });
    expect(writeProperty(none, { namespace: BR_NAMESPACE, localName: 'Topic' })).toBe('');
  });

  test.each([
    ['Topic', WSNT_NAMESPACE],
    ['TopicSet', WSTOP_NAMESPACE],
    ['constructor', ''],
  ])('that it has not is refused with the list of those that it has: %s', (localName, namespace) => {
    const fault = wsnFault(() => {
      requireProperty(registration(), { namespace, localName });
    });
    expect(fault.fault).toBe('InvalidResourcePropertyQNameFault');
    expect(fault.message).toBe(
      `Found the property {${namespace}}${localName}, expected one of those that a PublisherRegistration has: ` +
        'br:PublisherReference, br:Topic, br:Demand, br:CreationTime, rl:CurrentTime, rl:TerminationTime, rp:QueryExpressionDialect',
    );
  });
});

describe('topicSetElement()', () => {
  test('has each topic once, below its parent, which need not be one', () => {
    const set = element(topicSetElement(['{urn:t}a/b', '{urn:t}a/{urn:u}c/d', '{urn:t}a/b', 'adhoc/x']));
    const [root, ...more] = set.children();
    expect(more).toEqual([]);
    const topic = (localName: string): string | undefined =>
      [root, ...(root?.children() ?? []), ...(root?.children()[1]?.children() ?? [])]
        .find((candidate) => candidate?.localName === localName)
        ?.attribute(WSTOP_NAMESPACE, 'topic');
    expect([root?.namespace, root?.children().map((child) => [child.namespace, child.localName])]).toEqual([
      'urn:t',
      [
        ['', 'b'],
        ['urn:u', 'c'],
      ],
    ]);
    expect([topic('a'), topic('b'), topic('c'), topic('d')]).toEqual([undefined, 'true', undefined, 'true']);
  });
});
