import { describe, expect, test } from 'vitest';
import { readEnvelope, readHeader } from '../../../src/soap/envelope.ts';
import { messageReply, ProtocolError, protocolFaultReply } from '../../../src/soap/fault.ts';
import type { SoapReply } from '../../../src/soap/fault.ts';
import type { Addressing } from '../../../src/soap/message-addressing.ts';
import { permitNoReplies, permitReplyHosts } from '../../../src/soap/reply-destination.ts';
import { soapNamespace } from '../../../src/soap/version.ts';
import type { SoapVersion } from '../../../src/soap/version.ts';
import type { XmlElement } from '../../../src/xml/document.ts';
import { readXml } from '../../../src/xml/reader.ts';
import { envelope, protocolError, read, WSA, WSA04 } from './envelopes.ts';

const mayReplyTo = permitReplyHosts(['client.example', 'faults.example:8443']);

/** A reference with one parameter, in that header. */
function block(name: string, address: string, prefix = 'wsa'): string {
  const parameter = `<k:Key xmlns:k="urn:k">${name}</k:Key>`;
  return `<${prefix}:${name}><${prefix}:Address>${address}</${prefix}:Address><${prefix}:ReferenceParameters>${parameter}</${prefix}:ReferenceParameters></${prefix}:${name}>`;
}

function addressingOf(header: string): Addressing {
  return readEnvelope(envelope('<x/>', header), {}, undefined, { mayReplyTo }).addressing;
}

function headerOf({ body }: SoapReply, version: SoapVersion): XmlElement {
  const header = readXml(body).root.child(soapNamespace(version), 'Header');
  if (header === undefined) throw new Error('the reply has no header');
  return header;
}

describe('permitReplyHosts()', () => {
  const permit = permitReplyHosts(['a.example', 'B.example:8080', 'c.example:80', '[::1]:81', '10.0.0.1']);

  test.each([
    'http://a.example/',
    'https://a.example:9999/x?y#z',
    'HTTP://A.EXAMPLE',
    'http://b.example:8080/',
    'http://c.example/',
    'http://c.example:80/',
    'http://[0:0::1]:81/',
    'http://10.0.0.1/',
    // The same host in other digits.
    'http://0x0a000001/',
  ])('permits %s', (address) => {
    expect(permit(address)).toBe(true);
  });

  test.each([
    'http://x.a.example/',
    'http://a.example.evil/',
    'http://a.example@evil/',
    'http://user@a.example/',
    'http://:secret@a.example/',
    'http://b.example/',
    'http://b.example:80/',
    'https://c.example/',
    'http://[::1]/',
    'http://10.0.0.2/',
    'ftp://a.example/',
    'file://a.example/etc/passwd',
    'urn:a.example',
    'a.example',
    '//a.example/',
    '',
  ])('does not permit %j', (address) => {
    expect(permit(address)).toBe(false);
  });

  test('permits nothing without hosts', () => {
    expect(permitReplyHosts([])('http://a.example/')).toBe(false);
    expect(permitNoReplies()).toBe(false);
  });
});

describe('an answer to another address', () => {
  const header = `<wsa:MessageID>urn:m</wsa:MessageID>${block('ReplyTo', 'http://client.example/r?a=1&amp;b')}`;

  test.each(['1.1', '1.2'] as const)('is a message of its own to ReplyTo (SOAP %s)', (version) => {
    const reply = messageReply({ version, action: 'urn:reply', addressing: addressingOf(header), body: '<a/>' });
    expect(reply.elsewhere).toEqual({
      address: 'http://client.example/r?a=1&b',
      headers:
        version === '1.1'
          ? { 'Content-Type': 'text/xml; charset=utf-8', SOAPAction: '"urn:reply"' }
          : { 'Content-Type': 'application/soap+xml; charset=utf-8; action="urn:reply"' },
    });
    const sent = headerOf(reply, version);
    expect(sent.child(WSA, 'To')?.text()).toBe('http://client.example/r?a=1&b');
    expect(sent.child(WSA, 'RelatesTo')?.text()).toBe('urn:m');
    const key = sent.child('urn:k', 'Key');
    expect([key?.text(), key?.attribute(WSA, 'IsReferenceParameter')]).toEqual(['ReplyTo', 'true']);
  });

  test('is a fault to FaultTo, or else to ReplyTo', () => {
    const error = new ProtocolError('no', { version: '1.2', code: 'Sender' });
    const both = addressingOf(header + block('FaultTo', 'https://faults.example:8443/'));
    const fault = protocolFaultReply(error, both);
    expect(fault.elsewhere).toMatchObject({ address: 'https://faults.example:8443/' });
    expect(headerOf(fault, '1.2').child('urn:k', 'Key')?.text()).toBe('FaultTo');
    expect(protocolFaultReply(error, addressingOf(header)).elsewhere).toMatchObject({
      address: 'http://client.example/r?a=1&b',
    });
  });

  test('stays on the connection for the anonymous address, whatever its spelling, and FaultTo alone', () => {
    for (const address of [`${WSA}/anonymous`, `${WSA}/role/anonymous`, `${WSA04}/role/anonymous`]) {
      const addressing = addressingOf(block('ReplyTo', address));
      const reply = messageReply({ version: '1.2', action: 'urn:r', addressing, body: '<a/>' });
      expect(reply.elsewhere).toBeUndefined();
      expect(headerOf(reply, '1.2').child(WSA, 'To')?.text()).toBe(`${WSA}/anonymous`);
      expect(headerOf(reply, '1.2').child('urn:k', 'Key')?.text()).toBe('ReplyTo');
    }
    const faultOnly = addressingOf(block('FaultTo', 'http://client.example/'));
    expect(messageReply({ version: '1.2', action: 'urn:r', addressing: faultOnly, body: '<a/>' }).elsewhere).toBe(
      undefined,
    );
  });

  test('is discarded for the address none', () => {
    const addressing = addressingOf(block('ReplyTo', `${WSA}/none`) + block('FaultTo', 'http://client.example/'));
    expect(messageReply({ version: '1.2', action: 'urn:r', addressing, body: '<a/>' }).elsewhere).toBe('discard');
    const error = new ProtocolError('no', { version: '1.2', code: 'Sender' });
    expect(protocolFaultReply(error, addressing).elsewhere).toMatchObject({ address: 'http://client.example/' });
  });

  test('has headers of 2004/08 for a request of 2004/08, without marks', () => {
    const old = `<wsa04:MessageID>uuid:1</wsa04:MessageID>${block('ReplyTo', 'http://client.example/', 'wsa04')}`;
    const reply = messageReply({ version: '1.1', action: 'urn:r', addressing: addressingOf(old), body: '<a/>' });
    const sent = headerOf(reply, '1.1');
    expect(sent.children().filter(({ namespace }) => namespace === WSA)).toEqual([]);
    expect(sent.child(WSA04, 'To')?.text()).toBe('http://client.example/');
    expect(sent.child(WSA04, 'RelatesTo')?.text()).toBe('uuid:1');
    expect(sent.child('urn:k', 'Key')?.attributes()).toEqual([]);
  });
});

test('addresses that are not permitted are refused over the connection', () => {
  const header = `<wsa:MessageID>urn:m</wsa:MessageID>${block('ReplyTo', 'http://client.example/')}${block('FaultTo', 'http://other/')}`;
  const error = protocolError(() => addressingOf(header));
  expect(error.subsubcode?.localName).toBe('OnlyAnonymousAddressSupported');
  expect(error.message).toContain("'http://other/' in wsa:FaultTo");
  const reply = protocolFaultReply(error);
  expect(reply.elsewhere).toBeUndefined();
  expect(headerOf(reply, '1.2').child(WSA, 'RelatesTo')?.text()).toBe('urn:m');
});

test('who only routes leaves the addresses to the receiver', () => {
  const { addressing } = readHeader(envelope('<x/>', block('ReplyTo', 'http://other/')), {});
  expect(addressing.replyTo?.address).toBe('http://other/');
});

describe('a fault about WS-Addressing to a client of 2004/08', () => {
  test.each([
    ['InvalidMessageInformationHeader', '<wsa04:To>urn:a</wsa04:To><wsa04:To>urn:b</wsa04:To>'],
    ['InvalidMessageInformationHeader', '<wsa04:ReplyTo><wsa04:Address>http://other/</wsa04:Address></wsa04:ReplyTo>'],
  ])('has the code %s of that version, and no element of 2005/08', (code, header) => {
    for (const version of ['1.1', '1.2'] as const) {
      const reply = protocolFaultReply(protocolError(() => read('<x/>', header, version)));
      expect(reply.body.toString()).toContain(`wsa04:${code}<`);
      expect(reply.body.toString()).not.toMatch(/<\/?wsa:|>wsa:/);
      expect(headerOf(reply, version).child(WSA04, 'Action')?.text()).toBe(`${WSA04}/fault`);
    }
  });

  test('has no code where that version has none', () => {
    const subcode = { namespace: WSA, localName: 'InvalidEPR', prefix: 'wsa' };
    const error = new ProtocolError('no', { version: '1.1', code: 'Sender', subcode });
    const text = protocolFaultReply(error, { namespace: '2004/08' }).body.toString();
    expect(text).toContain('<faultcode>soap:Client</faultcode>');
  });
});
