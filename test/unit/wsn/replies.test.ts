import { describe, expect, test } from 'vitest';
import { readEndpointReference } from '../../../src/soap/addressing.ts';
import {
  encodeCreatePullPointReply,
  encodeDestroyPullPointReply,
  encodeDestroyRegistrationReply,
  encodeDestroyReply,
  encodeGetCurrentMessageReply,
  encodePauseReply,
  encodePropertiesReply,
  encodeRegisterPublisherReply,
  encodeRenewReply,
  encodeResumeReply,
  encodeSetTerminationTimeReply,
  encodeSubscribeReply,
  encodeUnsubscribeReply,
} from '../../../src/wsn/replies.ts';
import { OPERATIONS } from '../../../src/wsn/operations.ts';
import { element, WSNT } from '../soap/envelopes.ts';

const reference = { address: 'http://gw/a?b&c', referenceParameters: ['<k xmlns="urn:k">1</k>'] };
const NOW = Date.parse('2026-01-02T03:04:05Z');
const granted = { currentTime: NOW, terminationTime: NOW + 60_000 };
const childrenOf = (xml: string): [string, string][] =>
  element(xml)
    .children()
    .map((child) => [child.localName, child.text()]);

describe('replies', () => {
  test('are the elements that the operations name', () => {
    const replies = [
      [OPERATIONS.Subscribe, encodeSubscribeReply(reference, granted)],
      [OPERATIONS.Renew, encodeRenewReply(granted)],
      [OPERATIONS.Unsubscribe, encodeUnsubscribeReply()],
      [OPERATIONS.PauseSubscription, encodePauseReply()],
      [OPERATIONS.ResumeSubscription, encodeResumeReply()],
      [OPERATIONS.CreatePullPoint, encodeCreatePullPointReply(reference)],
      [OPERATIONS.DestroyPullPoint, encodeDestroyPullPointReply()],
      [OPERATIONS.RegisterPublisher, encodeRegisterPublisherReply(reference)],
      [OPERATIONS.DestroyRegistration, encodeDestroyRegistrationReply()],
      [OPERATIONS.Destroy, encodeDestroyReply()],
      [OPERATIONS.SetTerminationTime, encodeSetTerminationTimeReply(granted)],
      [OPERATIONS.GetResourceProperty, encodePropertiesReply('GetResourceProperty')],
      [OPERATIONS.QueryResourceProperties, encodePropertiesReply('QueryResourceProperties')],
      [OPERATIONS.GetCurrentMessage, encodeGetCurrentMessageReply(Buffer.from('<m><a/></m>'))],
    ] as const;
    for (const [operation, xml] of replies) {
      const { namespace, localName } = element(xml);
      expect({ namespace, localName }).toEqual(operation.reply);
    }
  });

  test('have the times in the order of their schemas', () => {
    const [current, termination] = ['2026-01-02T03:04:05.000Z', '2026-01-02T03:05:05.000Z'];
    expect(childrenOf(encodeSubscribeReply(reference, granted)).slice(1)).toEqual([
      ['CurrentTime', current],
      ['TerminationTime', termination],
    ]);
    expect(childrenOf(encodeRenewReply(granted))).toEqual([
      ['TerminationTime', termination],
      ['CurrentTime', current],
    ]);
  });

  test('have the new time of SetTerminationTime before the current one, nil for none', () => {
    expect(childrenOf(encodeSetTerminationTimeReply(granted))).toEqual([
      ['NewTerminationTime', '2026-01-02T03:05:05.000Z'],
      ['CurrentTime', '2026-01-02T03:04:05.000Z'],
    ]);
    const [time] = element(encodeSetTerminationTimeReply({ ...granted, terminationTime: null })).children();
    expect(time?.attribute('http://www.w3.org/2001/XMLSchema-instance', 'nil')).toBe('true');
  });

  test('give a publisher its registration, and where to send to if it sends', () => {
    const both = element(encodeRegisterPublisherReply(reference, { ...reference, address: 'http://gw/c' })).children();
    expect(both.map(({ localName }) => localName)).toEqual(['PublisherRegistrationReference', 'ConsumerReference']);
    expect(both.map((child) => readEndpointReference(child).address)).toEqual(['http://gw/a?b&c', 'http://gw/c']);
    expect(element(encodeRegisterPublisherReply(reference)).children()).toHaveLength(1);
  });

  test('say no termination with xsi:nil', () => {
    const [time] = element(encodeRenewReply({ currentTime: NOW, terminationTime: null })).children();
    expect(time?.attribute('http://www.w3.org/2001/XMLSchema-instance', 'nil')).toBe('true');
    expect(time?.text()).toBe('');
  });

  test('carry endpoint references that read back the same', () => {
    for (const xml of [encodeSubscribeReply(reference, granted), encodeCreatePullPointReply(reference)]) {
      const [first] = element(xml).children();
      expect(first && readEndpointReference(first)).toEqual(reference);
    }
  });
});

describe('encodeGetCurrentMessageReply()', () => {
  test('gives the payload alone, with the namespaces that it uses', () => {
    const message = `<wsnt:Message xmlns:wsnt="${WSNT}" xmlns:p="urn:p" xmlns:q="urn:q"> <p:a t="q:x"> é </p:a> </wsnt:Message>`;
    const [payload, ...more] = element(encodeGetCurrentMessageReply(Buffer.from(message))).children();
    expect(more).toEqual([]);
    expect(payload?.is('urn:p', 'a')).toBe(true);
    expect([payload?.text(), payload?.resolvePrefix('q')]).toEqual([' é ', 'urn:q']);
  });
});
