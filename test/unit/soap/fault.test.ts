import { describe, expect, test } from 'vitest';
import { wsaName } from '../../../src/soap/addressing.ts';
import { faultReply, messageReply, ProtocolError, protocolFaultReply, writeEnvelope } from '../../../src/soap/fault.ts';
import { readXml } from '../../../src/xml/reader.ts';
import { WSA, WSA04 } from './envelopes.ts';

const SOAP11 = 'http://schemas.xmlsoap.org/soap/envelope/';
const SOAP12 = 'http://www.w3.org/2003/05/soap-envelope';

function headerOf(body: Buffer): Record<string, string> {
  const { root } = readXml(body);
  const blocks = root.child(root.namespace, 'Header')?.children() ?? [];
  return Object.fromEntries(blocks.map((block) => [`{${block.namespace}}${block.localName}`, block.text()]));
}

describe('messageReply()', () => {
  test('carries no WS-Addressing header if the request carried none', () => {
    for (const addressing of [undefined, { namespace: 'none' } as const]) {
      const reply = messageReply({ version: '1.1', action: 'urn:reply', addressing, body: '<a/>' });
      expect(reply.status).toBe(200);
      expect(reply.contentType).toBe('text/xml; charset=utf-8');
      expect(headerOf(reply.body)).toEqual({});
    }
  });

  test('answers in the WS-Addressing of the request, related to its MessageID', () => {
    for (const [namespace, uri, anonymous] of [
      ['2005/08', WSA, `${WSA}/anonymous`],
      ['2004/08', WSA04, `${WSA04}/role/anonymous`],
    ] as const) {
      const addressing = { namespace, messageId: 'urn:a&b' };
      const header = headerOf(messageReply({ version: '1.2', action: 'urn:reply', addressing, body: '<a/>' }).body);
      expect(header[`{${uri}}MessageID`]).toMatch(/^urn:uuid:[0-9a-f-]{36}$/);
      expect(header).toEqual({
        [`{${uri}}To`]: anonymous,
        [`{${uri}}Action`]: 'urn:reply',
        [`{${uri}}MessageID`]: header[`{${uri}}MessageID`],
        [`{${uri}}RelatesTo`]: 'urn:a&b',
      });
    }
  });

  test('has no RelatesTo without a MessageID, and echoes the ReplyTo parameters', () => {
    const addressing = {
      namespace: '2005/08',
      reply: { kind: 'connection', address: '', blocks: '<k xmlns="urn:k">1</k>' },
      fault: { kind: 'connection', address: '', blocks: '<f/>' },
    } as const;
    const header = headerOf(messageReply({ version: '1.2', action: 'urn:r', addressing, body: '<a/>' }).body);
    expect(Object.keys(header)).toEqual([`{${WSA}}To`, `{${WSA}}Action`, `{${WSA}}MessageID`, '{urn:k}k']);
  });

  test('puts bytes and strings into the body as they are', () => {
    const body = ['<a>é', Buffer.from('<b>ü</b>'), '</a>'];
    const written = writeEnvelope({ version: '1.2', headerBlocks: '', body }).toString('utf8');
    expect(written).toContain('<soap:Body><a>é<b>ü</b></a></soap:Body></soap:Envelope>');
    expect(written).toContain(`xmlns:soap="${SOAP12}"`);
  });
});

describe('faultReply()', () => {
  test('writes the SOAP 1.1 form with status 500', () => {
    const reply = faultReply({ version: '1.1', code: 'Sender', reason: 'a < b', action: 'urn:f', detail: '<d/>' });
    expect(reply.status).toBe(500);
    const fault = readXml(reply.body).root.child(SOAP11, 'Body')?.children()[0];
    expect(fault?.children().map((child) => [child.namespace, child.localName, child.text()])).toEqual([
      ['', 'faultcode', 'soap:Client'],
      ['', 'faultstring', 'a < b'],
      ['', 'detail', ''],
    ]);
  });

  test('writes the SOAP 1.2 form with status 400 for Sender and 500 for Receiver', () => {
    expect(faultReply({ version: '1.2', code: 'Sender', reason: 'r', action: 'urn:f' }).status).toBe(400);
    const reply = faultReply({ version: '1.2', code: 'Receiver', reason: 'r', action: 'urn:f', detail: '<d/>' });
    expect(reply.status).toBe(500);
    expect(reply.contentType).toBe('application/soap+xml; charset=utf-8; action="urn:f"');
    expect(reply.body.toString()).toContain(
      '<soap:Fault><soap:Code><soap:Value>soap:Receiver</soap:Value></soap:Code>' +
        '<soap:Reason><soap:Text xml:lang="en">r</soap:Text></soap:Reason><soap:Detail><d/></soap:Detail></soap:Fault>',
    );
  });

  test('declares the prefix of every code where it is used', () => {
    const subcode = { namespace: 'urn:x', localName: 'Finer', prefix: 'x' };
    const v12 = faultReply({ version: '1.2', code: 'Sender', subcode, reason: 'r', action: 'urn:f' });
    expect(v12.body.toString()).toContain(
      '<soap:Subcode><soap:Value xmlns:x="urn:x">x:Finer</soap:Value></soap:Subcode>',
    );
    const v11 = faultReply({ version: '1.1', code: 'Sender', subcode, reason: 'r', action: 'urn:f' });
    expect(v11.body.toString()).toContain('<faultcode xmlns:x="urn:x">x:Finer</faultcode>');
  });
});

describe('protocolFaultReply()', () => {
  const error = new ProtocolError('two', {
    version: '1.1',
    code: 'Sender',
    subcode: wsaName('InvalidAddressingHeader'),
    subsubcode: wsaName('InvalidCardinality'),
    detail: '<wsa:ProblemHeaderQName>wsa:To</wsa:ProblemHeaderQName>',
  });

  test('binds the detail of a WS-Addressing fault to a header in SOAP 1.1, with the finest code', () => {
    const text = protocolFaultReply(error).body.toString();
    expect(text).toContain(
      '<wsa:FaultDetail><wsa:ProblemHeaderQName>wsa:To</wsa:ProblemHeaderQName></wsa:FaultDetail>',
    );
    expect(text).toContain('<faultcode>wsa:InvalidCardinality</faultcode>');
    expect(text).not.toContain('<detail>');
  });

  test('nests the codes in SOAP 1.2', () => {
    const { message, code, subcode, subsubcode, detail } = error;
    const v12 = new ProtocolError(message, { version: '1.2', code, subcode, subsubcode, detail });
    const text = protocolFaultReply(v12).body.toString();
    expect(text).toContain(
      '<soap:Subcode><soap:Value>wsa:InvalidAddressingHeader</soap:Value>' +
        '<soap:Subcode><soap:Value>wsa:InvalidCardinality</soap:Value></soap:Subcode></soap:Subcode>',
    );
    expect(text).toContain('<soap:Detail><wsa:ProblemHeaderQName>');
  });

  test('states the fault action of WS-Addressing, of SOAP or of 2004/08', () => {
    const plain = new ProtocolError('p', { version: '1.2', code: 'Sender' });
    const actionOf = (problem: ProtocolError, namespace: '2005/08' | '2004/08'): string =>
      /action="([^"]*)"/.exec(protocolFaultReply(problem, { namespace }).contentType)?.[1] ?? '';
    const v12 = new ProtocolError('a', { version: '1.2', code: 'Sender', subcode: wsaName('InvalidEPR') });
    expect(actionOf(v12, '2005/08')).toBe(`${WSA}/fault`);
    expect(actionOf(plain, '2005/08')).toBe(`${WSA}/soap/fault`);
    expect(actionOf(plain, '2004/08')).toBe(`${WSA04}/fault`);
  });

  test('echoes the FaultTo parameters, not those of ReplyTo', () => {
    const addressing = {
      namespace: '2005/08',
      reply: { kind: 'connection', address: '', blocks: '<r xmlns="urn:r"/>' },
      fault: { kind: 'connection', address: '', blocks: '<f xmlns="urn:f"/>' },
    } as const;
    const header = headerOf(protocolFaultReply(error, addressing).body);
    expect(Object.keys(header)).toContain('{urn:f}f');
    expect(Object.keys(header)).not.toContain('{urn:r}r');
  });

  test('answering() adds the addressing once and keeps everything else', () => {
    const first = error.answering({ namespace: '2005/08', messageId: 'urn:1' });
    const second = first.answering({ namespace: '2005/08', messageId: 'urn:2' });
    expect(second).toBe(first);
    expect(first.relatesTo).toBe('urn:1');
    expect(first.message).toBe('two');
    expect(first.subsubcode).toEqual(wsaName('InvalidCardinality'));
    expect(first.detail).toBe(error.detail);
    expect(first.httpStatus).toBe(500);
  });
});
