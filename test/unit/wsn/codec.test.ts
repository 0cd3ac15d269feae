import { describe, expect, test } from 'vitest';
import { decodeRequest } from '../../../src/wsn/codec.ts';
import type { WsnRequest } from '../../../src/wsn/codec.ts';
import { OPERATIONS } from '../../../src/wsn/operations.ts';
import type { HttpFraming } from '../../../src/soap/envelope.ts';
import type { SoapVersion } from '../../../src/soap/version.ts';
import { protocolFaultReply } from '../../../src/soap/fault.ts';
import { element, protocolError, read, WSA04 } from '../soap/envelopes.ts';
import { wsnFault } from './wsn-fault.ts';

const CONCRETE = 'http://docs.oasis-open.org/wsn/t-1/TopicExpression/Concrete';

function decode(body: string, header = '', framing: HttpFraming = {}, version: SoapVersion = '1.2'): WsnRequest {
  return decodeRequest(read(body, header, version, framing), framing);
}

describe('the action of a request', () => {
  const renew = '<wsnt:Renew><wsnt:TerminationTime>P1D</wsnt:TerminationTime></wsnt:Renew>';
  const { action } = OPERATIONS.Renew;
  const header = (value: string): string => `<wsa:Action>${value}</wsa:Action>`;

  test.each<[string, string, HttpFraming]>([
    ['none', '', {}],
    ['in the header', header(`\n ${action}\t`), {}],
    ['in SOAPAction', '', { soapAction: `"${action}"` }],
    ['in the Content-Type', '', { contentType: `application/soap+xml; action="${action}"` }],
    ['the same in both', header(action), { soapAction: action }],
    ['empty in SOAPAction', header(action), { soapAction: '""' }],
    ['an alias in SOAPAction', header(action), { soapAction: 'Renew' }],
    ['an alias in the header', header(OPERATIONS.Subscribe.action), { soapAction: action }],
    ['in 2004/08', `<wsa04:Action>${action}</wsa04:Action>`, {}],
  ])('may be %s', (_, headers, framing) => {
    expect(decode(renew, headers, framing).operation).toBe('Renew');
  });

  test.each<[string, string, HttpFraming]>([
    ['in the header', header('urn:other'), {}],
    ['in SOAPAction', '', { soapAction: '"urn:other"' }],
    ['in both', header('urn:other'), { soapAction: '"urn:other"' }],
  ])('of another operation %s is ActionNotSupported', (_, headers, framing) => {
    const error = protocolError(() => decode(renew, headers, framing));
    expect([error.code, error.subcode?.localName, error.httpStatus]).toEqual(['Sender', 'ActionNotSupported', 400]);
    expect(error.message).toBe(`Found the action 'urn:other' with the body wsnt:Renew, expected ${action}`);
    expect(error.detail).toContain('<wsa:ProblemAction><wsa:Action>urn:other</wsa:Action>');
  });

  test.each<[string, string, HttpFraming]>([
    ['SOAPAction', header(action), { soapAction: '"urn:other"' }],
    ['the Content-Type', header(action), { contentType: 'application/soap+xml; action="urn:other"' }],
    ['the header', header('urn:other'), { soapAction: action }],
  ])('that differs in %s is ActionMismatch', (_, headers, framing) => {
    const error = protocolError(() => decode(renew, headers, framing));
    expect([error.code, error.subcode?.localName]).toEqual(['Sender', 'InvalidAddressingHeader']);
    expect(error.subsubcode?.localName).toBe('ActionMismatch');
    expect(error.message).toContain("'urn:other'");
  });

  test('errors answer the request: version, MessageID and WS-Addressing of it', () => {
    const error = protocolError(() => decode('<x/>', '<wsa04:MessageID>urn:m</wsa04:MessageID>', {}, '1.1'));
    expect([error.version, error.relatesTo, error.httpStatus]).toEqual(['1.1', 'urn:m', 500]);
    expect(protocolFaultReply(error).body.toString()).toContain(`<wsa04:RelatesTo xmlns:wsa04="${WSA04}">urn:m<`);
  });
});

describe('dispatch by body', () => {
  test.each(['Unsubscribe', 'PauseSubscription', 'ResumeSubscription', 'CreatePullPoint', 'DestroyPullPoint'])(
    '%s needs no content and passes extensions over',
    (operation) => {
      expect(decode(`<wsnt:${operation}/>`)).toEqual({ operation });
      expect(decode(`<wsnt:${operation} x="1"><a xmlns="urn:a"/></wsnt:${operation}>`)).toEqual({ operation });
    },
  );

  test('every other element is named', () => {
    const error = protocolError(() => decode('<b:Subscribe xmlns:b="urn:x"/>', '<wsa:Action>urn:act</wsa:Action>'));
    expect(error.subcode?.localName).toBe('ActionNotSupported');
    expect(error.message).toContain("'{urn:x}Subscribe'");
    expect(error.detail).toContain('urn:act');
  });
});

describe('Renew', () => {
  test('needs a TerminationTime, nil allowed', () => {
    const nil = '<wsnt:TerminationTime xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="1"/>';
    expect(decode(`<wsnt:Renew>${nil}</wsnt:Renew>`)).toEqual({
      operation: 'Renew',
      termination: { kind: 'infinite' },
    });
    expect(protocolError(() => decode('<wsnt:Renew/>')).message).toContain('found no wsnt:TerminationTime');
    const fault = wsnFault(() => decode('<wsnt:Renew><wsnt:TerminationTime> </wsnt:TerminationTime></wsnt:Renew>'));
    expect(fault.fault).toBe('UnacceptableTerminationTimeFault');
  });
});

describe('GetMessages', () => {
  const of = (number: string): WsnRequest =>
    decode(`<wsnt:GetMessages><wsnt:MaximumNumber>${number}</wsnt:MaximumNumber></wsnt:GetMessages>`);

  test.each([
    ['0', 0],
    [' 7\n', 7],
    ['+3', 3],
    ['-0', 0],
    ['007', 7],
    ['9007199254740993', Number.MAX_SAFE_INTEGER],
    ['9'.repeat(500), Number.MAX_SAFE_INTEGER],
  ])('takes MaximumNumber %j as %d', (text, maximum) => {
    expect(of(text)).toEqual({ operation: 'GetMessages', maximum });
  });

  test('without MaximumNumber asks for all', () => {
    expect(decode('<wsnt:GetMessages/>')).toEqual({ operation: 'GetMessages' });
  });

  test.each(['', '-1', '1.0', '1e3', 'all', '٣', '0x1'])('refuses MaximumNumber %j', (text) => {
    const error = protocolError(() => of(text));
    expect(error.code).toBe('Sender');
    expect(error.message).toContain(`MaximumNumber at 1:`);
    expect(error.message).toContain(`found '${text}'`);
  });
});

describe('GetCurrentMessage', () => {
  const of = (attributes: string, text: string): WsnRequest =>
    decode(
      `<wsnt:GetCurrentMessage><wsnt:Topic xmlns:t="urn:t" ${attributes}>${text}</wsnt:Topic></wsnt:GetCurrentMessage>`,
    );

  test('asks for one topic', () => {
    expect(of(`Dialect="${CONCRETE}"`, ' t:a/b ')).toEqual({ operation: 'GetCurrentMessage', topic: '{urn:t}a/b' });
  });

  test('needs a topic that can be read', () => {
    expect(protocolError(() => decode('<wsnt:GetCurrentMessage/>')).message).toContain('found no wsnt:Topic');
    expect(wsnFault(() => of(`Dialect="${CONCRETE}"`, '')).fault).toBe('InvalidTopicExpressionFault');
    expect(wsnFault(() => of('Dialect="urn:x"', 'a')).fault).toBe('TopicExpressionDialectUnknownFault');
  });
});

describe('Notify', () => {
  const message = (parts: string): string => `<wsnt:NotificationMessage>${parts}</wsnt:NotificationMessage>`;
  const payload = '<wsnt:Message><p:P xmlns:p="urn:p">1</p:P></wsnt:Message>';
  const notify = (content: string): WsnRequest & { operation: 'Notify' } => {
    const request = decode(`<wsnt:Notify xmlns:t="urn:t">${content}</wsnt:Notify>`);
    if (request.operation !== 'Notify') throw new Error(`Expected Notify, found ${request.operation}`);
    return request;
  };

  test('gives topic, producer and payload, each standing alone', () => {
    const { messages } = notify(
      message(
        '<wsnt:SubscriptionReference><wsa:Address>urn:s</wsa:Address></wsnt:SubscriptionReference>' +
          `<wsnt:Topic Dialect="${CONCRETE}">t:a/b</wsnt:Topic>` +
          '<wsnt:ProducerReference><wsa:Address>urn:p</wsa:Address><wsa:Metadata/></wsnt:ProducerReference>' +
          '<wsnt:Message>\n <p:P xmlns:p="urn:p" a = "t:q"> é&#10;<!--c--><![CDATA[<]]></p:P> </wsnt:Message>',
      ),
    );
    const [first] = messages;
    expect(first?.topic).toBe('{urn:t}a/b');
    const producer = element(first?.producer ?? '');
    expect(producer.is('http://docs.oasis-open.org/wsn/b-2', 'ProducerReference')).toBe(true);
    expect(producer.children().map((child) => child.localName)).toEqual(['Address', 'Metadata']);
    const text = Buffer.from(first?.message ?? []).toString('utf8');
    expect(text).toContain('<p:P xmlns:p="urn:p" a = "t:q"> é&#10;<!--c--><![CDATA[<]]></p:P>');
    const root = element(text);
    expect(root.is('http://docs.oasis-open.org/wsn/b-2', 'Message')).toBe(true);
    expect(root.children()[0]?.resolvePrefix('t')).toBe('urn:t');
  });

  test('needs no topic and no producer; an empty topic is none', () => {
    const { messages } = notify(message(payload) + message(`<wsnt:Topic/>${payload}`) + '<x xmlns="urn:x"/>');
    expect(messages.map((notification) => Object.keys(notification))).toEqual([['message'], ['message']]);
  });

  test('rewrites a ProducerReference that the schema would not let through', () => {
    for (const reference of [
      '<wsa04:Address>urn:p</wsa04:Address>',
      '<wsa:Metadata/><wsa:Address>urn:p</wsa:Address>',
      '<wsa:Address>urn:p</wsa:Address><x/>',
      'text <wsa:Address>urn:p</wsa:Address>',
    ]) {
      const { messages } = notify(message(`<wsnt:ProducerReference>${reference}</wsnt:ProducerReference>${payload}`));
      const producer = element(messages[0]?.producer ?? '');
      expect(producer.children().map((child) => [child.namespace, child.localName])).toEqual([
        ['http://www.w3.org/2005/08/addressing', 'Address'],
      ]);
    }
  });

  test.each([
    ['no message', '', 'found no wsnt:NotificationMessage'],
    ['no Message', message(''), 'NotificationMessage at 1:'],
    ['an empty Message', message('<wsnt:Message> text </wsnt:Message>'), 'found no element as payload'],
    ['two payloads', message('<wsnt:Message><a/><b/></wsnt:Message>'), 'found 2 elements as payload'],
    ['text beside the payload', message('<wsnt:Message>text<a/></wsnt:Message>'), 'found text beside the payload'],
    ['two topics', message(`<wsnt:Topic/><wsnt:Topic/>${payload}`), 'found a second wsnt:Topic'],
    ['a misspelt part', message(`<wsnt:Topics/>${payload}`), 'found wsnt:Topics'],
    ['a producer without address', message(`<wsnt:ProducerReference/>${payload}`), 'has no wsa:Address'],
    ['1001 messages', message(payload).repeat(1001), 'found 1001 notification messages, expected at most 1000'],
  ])('with %s is malformed', (_, content, expected) => {
    const error = protocolError(() => notify(content));
    expect(error.code).toBe('Sender');
    expect(error.message).toContain(expected);
  });

  test('takes 1000 messages', () => {
    expect(notify(message(payload).repeat(1000)).messages).toHaveLength(1000);
  });

  test('refuses a topic with an undeclared prefix', () => {
    const content = message(`<wsnt:Topic Dialect="${CONCRETE}">x:a</wsnt:Topic>${payload}`);
    expect(wsnFault(() => notify(content)).fault).toBe('InvalidTopicExpressionFault');
  });
});
