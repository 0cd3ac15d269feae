import { describe, expect, test } from 'vitest';
import { readEnvelope, readHeader } from '../../../src/soap/envelope.ts';
import { protocolFaultReply } from '../../../src/soap/fault.ts';
import type { ProtocolError } from '../../../src/soap/fault.ts';
import { readXml } from '../../../src/xml/reader.ts';
import { envelope, protocolError, read, WSA } from './envelopes.ts';

const SOAP11 = 'http://schemas.xmlsoap.org/soap/envelope/';
const SOAP12 = 'http://www.w3.org/2003/05/soap-envelope';

function errorFor(xml: string | Uint8Array, contentType?: string): ProtocolError {
  const bytes = typeof xml === 'string' ? Buffer.from(xml) : xml;
  const error = protocolError(() => readEnvelope(bytes, { contentType }));
  // Every error becomes a message that can be read.
  readXml(protocolFaultReply(error).body);
  return error;
}

describe('readEnvelope()', () => {
  test('tells the versions by the namespace, whatever the Content-Type says', () => {
    for (const contentType of [undefined, '', 'text/xml', 'application/soap+xml; action="urn:a"', 'application/xml']) {
      expect(readEnvelope(envelope('<a/>', '', '1.1'), { contentType }).version).toBe('1.1');
      expect(readEnvelope(envelope('<a/>', '', '1.2'), { contentType }).version).toBe('1.2');
    }
  });

  test('gives the header blocks and the body element', () => {
    const message = read('<!-- c --><b:B xmlns:b="urn:b"/> ', '<h xmlns="urn:h">1</h><i/>');
    expect(message.blocks.map((block) => block.localName)).toEqual(['h', 'i']);
    expect(message.body.is('urn:b', 'B')).toBe(true);
  });

  test('needs no Header', () => {
    const message = readEnvelope(Buffer.from(`<Envelope xmlns="${SOAP12}"><Body><x/></Body></Envelope>`), {});
    expect(message.blocks).toEqual([]);
    expect(message.addressing).toEqual({ namespace: 'none' });
  });

  test('passes the charset of the Content-Type to the reader', () => {
    const bytes = Buffer.from(envelope('<x>é</x>').toString(), 'latin1');
    const message = readEnvelope(bytes, { contentType: 'application/soap+xml; charset="ISO-8859-1"' });
    expect(message.body.text()).toBe('é');
    expect(errorFor(bytes).message).toMatch(/^Cannot read the XML at 1:\d+: /);
  });

  test('refuses attachments with 415 and says why', () => {
    const contentType = 'multipart/related; type="application/xop+xml"; start-info="application/soap+xml"; boundary=x';
    const error = errorFor('--x', contentType);
    expect([error.httpStatus, error.version, error.code]).toEqual([415, '1.2', 'Sender']);
    expect(error.message).toContain('attachments (MTOM, SwA) are not supported');
    expect(protocolFaultReply(error).status).toBe(415);
    expect(errorFor('--x', 'multipart/related; start-info="text/xml"').version).toBe('1.1');
  });

  test('refuses what is no XML by its Content-Type with 415', () => {
    const error = errorFor('{}', 'application/json');
    expect([error.httpStatus, error.version]).toEqual([415, '1.1']);
    expect(error.message).toBe(
      "Found the Content-Type 'application/json', expected text/xml (SOAP 1.1) or application/soap+xml (SOAP 1.2)",
    );
  });

  test.each([
    ['no XML', 'hello'],
    ['nothing', ''],
    ['a tag that is not closed', `<Envelope xmlns="${SOAP11}">`],
    ['a document type', `<!DOCTYPE a><Envelope xmlns="${SOAP11}"/>`],
  ])('refuses %s as Sender, with the place', (_, xml) => {
    const error = errorFor(xml);
    expect([error.code, error.httpStatus]).toEqual(['Sender', 500]);
    expect(error.message).toMatch(/^Cannot read the XML at \d+:\d+: ./);
  });

  test('answers bad XML in the version that it seems to be in', () => {
    expect(errorFor('<a', 'application/soap+xml').httpStatus).toBe(400);
    expect(errorFor('<a', 'text/xml').httpStatus).toBe(500);
    expect(errorFor(`<Envelope xmlns="${SOAP12}"`).httpStatus).toBe(400);
    expect(errorFor(`<Envelope xmlns="${SOAP11}"`).httpStatus).toBe(500);
  });

  test('obeys the limits', () => {
    const error = protocolError(() => readEnvelope(envelope('<a><b><c/></b></a>'), {}, { maxDepth: 4 }));
    expect(error.code).toBe('Sender');
    expect(() => readEnvelope(envelope('<a><b/></a>'), {}, { maxDepth: 4 })).not.toThrow();
  });

  test('answers an unknown envelope with VersionMismatch and both versions', () => {
    const old = '<Envelope xmlns="http://www.w3.org/2001/12/soap-envelope"><Body><x/></Body></Envelope>';
    const error = errorFor(old);
    expect([error.version, error.code, error.httpStatus]).toEqual(['1.1', 'VersionMismatch', 500]);
    expect(error.message).toContain("'http://www.w3.org/2001/12/soap-envelope'");
    const text = protocolFaultReply(error).body.toString();
    expect(text).toContain('<faultcode>soap:VersionMismatch</faultcode>');
    expect(text).toContain(`qname="s12:Envelope" xmlns:s12="${SOAP12}"`);
    expect(text).toContain(`qname="s11:Envelope" xmlns:s11="${SOAP11}"`);
    expect(errorFor(old, 'application/soap+xml').version).toBe('1.2');
  });

  test.each([
    [
      'a root that is no Envelope',
      '<wsnt:Subscribe xmlns:wsnt="urn:x"/>',
      "'{urn:x}Subscribe', expected a SOAP Envelope",
    ],
    ['no Body', `<e:Envelope xmlns:e="${SOAP12}"/>`, 'Found no Body'],
    ['a Header without Body', `<e:Envelope xmlns:e="${SOAP12}"><e:Header/></e:Envelope>`, 'Found no Body'],
    ['a Body of the other version', `<e:Envelope xmlns:e="${SOAP12}"><Body xmlns="${SOAP11}"/></e:Envelope>`, 'Body'],
    ['two Headers', `<e:Envelope xmlns:e="${SOAP12}"><e:Header/><e:Header/><e:Body/></e:Envelope>`, "Header' at 1:"],
    ['two Bodies', `<e:Envelope xmlns:e="${SOAP11}"><e:Body><a/></e:Body><e:Body/></e:Envelope>`, 'nothing after Body'],
    [
      'a Header after the Body',
      `<e:Envelope xmlns:e="${SOAP11}"><e:Body><a/></e:Body><e:Header/></e:Envelope>`,
      'after',
    ],
    ['more after a 1.2 Body', `<e:Envelope xmlns:e="${SOAP12}"><e:Body><a/></e:Body><x/></e:Envelope>`, "'x'"],
    ['an empty Body', `<e:Envelope xmlns:e="${SOAP12}"><e:Body> </e:Body></e:Envelope>`, 'empty SOAP Body'],
    ['two elements in Body', `<e:Envelope xmlns:e="${SOAP12}"><e:Body><a/><b/></e:Body></e:Envelope>`, "'a' and 'b'"],
  ])('refuses %s', (_, xml, message) => {
    const error = errorFor(xml);
    expect(error.code).toBe('Sender');
    expect(error.message).toContain(message);
  });

  test('passes over elements after a SOAP 1.1 Body', () => {
    const xml = `<e:Envelope xmlns:e="${SOAP11}"><e:Body><a/></e:Body><x xmlns="urn:x"/></e:Envelope>`;
    expect(readEnvelope(Buffer.from(xml), {}).body.localName).toBe('a');
  });
});

describe('mustUnderstand', () => {
  const header = '<s:Security xmlns:s="urn:wsse" S:mustUnderstand="1"/><t S:mustUnderstand=" true "/>';

  test('is a fault that names the headers; SOAP 1.2 with NotUnderstood', () => {
    const error = protocolError(() => read('<x/>', `<wsa:MessageID>urn:m</wsa:MessageID>${header}`));
    expect([error.code, error.httpStatus, error.relatesTo]).toEqual(['MustUnderstand', 500, 'urn:m']);
    expect(error.message).toContain("'{urn:wsse}Security', 't'");
    const reply = readXml(protocolFaultReply(error).body).root;
    const blocks = reply
      .child(SOAP12, 'Header')
      ?.children()
      .filter((block) => block.is(SOAP12, 'NotUnderstood'));
    expect(blocks?.map((block) => block.attribute('', 'qname'))).toEqual(['mu:Security', 't']);
    expect(blocks?.[0]?.resolvePrefix('mu')).toBe('urn:wsse');
  });

  test('has no NotUnderstood in SOAP 1.1', () => {
    const error = protocolError(() => read('<x/>', header, '1.1'));
    expect([error.code, error.headerBlocks]).toEqual(['MustUnderstand', undefined]);
    expect(protocolFaultReply(error).body.toString()).toContain('<faultcode>soap:MustUnderstand</faultcode>');
  });

  test.each([
    ['WS-Addressing', '<wsa:To S:mustUnderstand="1">urn:a</wsa:To>'],
    ['WS-Addressing 2004/08', '<wsa04:To S:mustUnderstand="1">urn:a</wsa04:To>'],
    ['our affinity', '<a:Engine xmlns:a="urn:pointsman:affinity" S:mustUnderstand="1">ME1</a:Engine>'],
    ['a reference parameter', `<x S:mustUnderstand="1" wsa:IsReferenceParameter="1"/>`],
    ['a header that need not be understood', '<x S:mustUnderstand="0"/><y/>'],
    ['an attribute of no namespace', '<x mustUnderstand="1"/>'],
  ])('lets %s through', (_, block) => {
    expect(read('<x/>', block).blocks.length).toBeGreaterThan(0);
  });

  test('is for us only in our roles', () => {
    const of = (attributes: string): string => `<x S:mustUnderstand="1" ${attributes}/>`;
    const role = `${SOAP12}/role`;
    expect(() => read('<x/>', of('S:role="urn:other"'))).not.toThrow();
    expect(() => read('<x/>', of(`S:role="${role}/none"`))).not.toThrow();
    expect(() => read('<x/>', of('S:actor="urn:other"'), '1.1')).not.toThrow();
    for (const name of ['next', 'ultimateReceiver']) {
      expect(protocolError(() => read('<x/>', of(`S:role="${role}/${name}"`))).code).toBe('MustUnderstand');
    }
    const next = of('S:actor="http://schemas.xmlsoap.org/soap/actor/next"');
    expect(protocolError(() => read('<x/>', next, '1.1')).code).toBe('MustUnderstand');
    expect(protocolError(() => read('<x/>', of('S:role=""'))).code).toBe('MustUnderstand');
  });
});

describe('readHeader()', () => {
  test('stops at Body: what follows may be anything', () => {
    const start = `<e:Envelope xmlns:e="${SOAP12}"><e:Header><To xmlns="${WSA}">urn:a</To></e:Header><e:Body>`;
    const { version, addressing, blocks } = readHeader(Buffer.from(`${start}<not <well formed`), {});
    expect([version, addressing.to, blocks.length]).toEqual(['1.2', 'urn:a', 1]);
  });

  test('is not fooled by look-alikes', () => {
    const fake = `<f:Header xmlns:f="urn:f"><e:Body xmlns:e="${SOAP12}"/></f:Header>`;
    const xml = `<e:Envelope xmlns:e="${SOAP12}"><!-- <e:Body> --><e:Header>${fake}<x/></e:Header><e:Body/></e:Envelope>`;
    expect(readHeader(Buffer.from(xml), {}).blocks.map((block) => block.localName)).toEqual(['Header', 'x']);
  });

  test('leaves mustUnderstand to the receiver, and refuses what readEnvelope() refuses', () => {
    expect(readHeader(envelope('<x/>', '<t S:mustUnderstand="1"/>'), {}).blocks).toHaveLength(1);
    expect(protocolError(() => readHeader(Buffer.from('<a/>'), {})).code).toBe('Sender');
    const twice = '<wsa:To>urn:a</wsa:To><wsa:To>urn:b</wsa:To>';
    expect(protocolError(() => readHeader(envelope('<x/>', twice), {})).subsubcode?.localName).toBe(
      'InvalidCardinality',
    );
  });
});
