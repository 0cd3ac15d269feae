import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { headerBlocksFor, readEndpointReference, writeEndpointReference } from '../../../src/soap/addressing.ts';
import { protocolFaultReply } from '../../../src/soap/fault.ts';
import { readXml } from '../../../src/xml/reader.ts';
import { element, protocolError, read, WSA, WSA04 } from './envelopes.ts';

describe('readEndpointReference()', () => {
  test('reads address and parameters, which then stand alone', () => {
    const reference = readEndpointReference(
      element(
        `<e xmlns:w="${WSA}" xmlns:k="urn:k"><w:Address>\n http://h/a?b=1&amp;c \n</w:Address>` +
          '<w:ReferenceParameters><k:Id k:x="1">k:5</k:Id><k:Other/></w:ReferenceParameters></e>',
      ),
    );
    expect(reference.address).toBe('http://h/a?b=1&c');
    expect(reference.referenceParameters).toHaveLength(2);
    const id = element(reference.referenceParameters[0] ?? '');
    expect([id.namespace, id.localName, id.text(), id.resolvePrefix('k')]).toEqual(['urn:k', 'Id', 'k:5', 'urn:k']);
    expect(id.attribute('urn:k', 'x')).toBe('1');
  });

  test('reads 2004/08, reference properties included', () => {
    const reference = readEndpointReference(
      element(
        `<e xmlns:w="${WSA04}" xmlns:k="urn:k"><w:Address>urn:a</w:Address><w:ReferenceProperties><p/></w:ReferenceProperties>` +
          '<w:ReferenceParameters><q/></w:ReferenceParameters><w:PortType>k:x</w:PortType><w:ServiceName PortName="p">k:s</w:ServiceName></e>',
      ),
    );
    expect(reference.address).toBe('urn:a');
    expect(reference.addressing).toBe('2004/08');
    expect(reference.referenceParameters.map((text) => element(text).localName)).toEqual(['p', 'q']);
    expect(headerBlocksFor(reference)).toBe('<p/><q/>');
    const written = writeEndpointReference('wsa:EndpointReference', reference);
    expect(written).toContain('<wsa:ReferenceParameters><p/><q/></wsa:ReferenceParameters>');
  });

  test.each([
    ['no address', '<e/>', 'MissingAddressInEPR'],
    ['an empty address', `<e><a:Address xmlns:a="${WSA}"> </a:Address></e>`, 'MissingAddressInEPR'],
    ['an address in another namespace', '<e><Address>urn:a</Address></e>', 'MissingAddressInEPR'],
    ['two addresses', `<e xmlns:a="${WSA}"><a:Address>urn:a</a:Address><a:Address>urn:b</a:Address></e>`, undefined],
    ['an endless address', `<e xmlns:a="${WSA}"><a:Address>${'a'.repeat(5000)}</a:Address></e>`, undefined],
    [
      'too many parameters',
      `<e xmlns:a="${WSA}"><a:Address>urn:a</a:Address><a:ReferenceParameters>${'<p/>'.repeat(65)}</a:ReferenceParameters></e>`,
      undefined,
    ],
    [
      'parameters that are too big',
      `<e xmlns:a="${WSA}"><a:Address>urn:a</a:Address><a:ReferenceParameters><p>${'x'.repeat(65_536)}</p></a:ReferenceParameters></e>`,
      undefined,
    ],
  ])('refuses %s with wsa:InvalidEPR', (_, xml, finer) => {
    const error = protocolError(() => readEndpointReference(element(xml)));
    expect(error.subcode?.localName).toBe('InvalidEPR');
    expect(error.subsubcode?.localName).toBe(finer);
    expect(error.message).toContain('at 1:1');
  });

  test('reads what writeEndpointReference() writes', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true }), fc.array(fc.nat(), { maxLength: 3 }), (address, values) => {
        const reference = { address, referenceParameters: values.map((n) => `<k:P xmlns:k="urn:k">${n}</k:P>`) };
        const written = writeEndpointReference('wsa:EndpointReference', reference);
        const around = element(`<o xmlns:wsa="${WSA}">${written}</o>`).children()[0];
        expect(around && readEndpointReference(around)).toEqual(reference);
      }),
    );
  });
});

describe('headerBlocksFor()', () => {
  test.each([
    ['a plain parameter', '<k:P xmlns:k="urn:k">1</k:P>'],
    ['an empty element without prefix', '<P/>'],
    ['a parameter that declares wsa itself', `<wsa:P xmlns:wsa="${WSA}" a=">"/>`],
    ['a parameter that uses the prefix wsa for something else', '<wsa:P xmlns:wsa="urn:other"><wsa:c/></wsa:P>'],
    ['a parameter that is marked', `<P xmlns:w="${WSA}" w:IsReferenceParameter="1"/>`],
  ])('marks %s', (_, parameter) => {
    const blocks = headerBlocksFor({ address: 'urn:a', referenceParameters: [parameter] });
    const before = element(parameter);
    const after = readXml(Buffer.from(blocks)).root;
    expect(after.attribute(WSA, 'IsReferenceParameter')).toMatch(/^(true|1)$/);
    expect([after.namespace, after.localName, after.text()]).toEqual([
      before.namespace,
      before.localName,
      before.text(),
    ]);
    expect(after.children().map((child) => child.namespace)).toEqual(before.children().map((child) => child.namespace));
  });

  test('gives the blocks one after the other, none without parameters', () => {
    expect(headerBlocksFor({ address: 'urn:a', referenceParameters: [] })).toBe('');
    expect(headerBlocksFor({ address: 'urn:a', referenceParameters: ['<a/>', '<b/>'] })).toMatch(/^<a .*<b .*>$/);
  });
});

describe('the addressing of a message', () => {
  test('is read with values trimmed', () => {
    const { addressing } = read(
      '<x/>',
      '<wsa:To>\n urn:to\t</wsa:To><wsa:Action> urn:a </wsa:Action><wsa:MessageID>urn:m</wsa:MessageID>' +
        '<wsa:RelatesTo>urn:r</wsa:RelatesTo><wsa:RelatesTo>urn:r2</wsa:RelatesTo>' +
        '<wsa:From><wsa:Address>urn:from</wsa:Address></wsa:From>' +
        `<wsa:ReplyTo><wsa:Address>${WSA}/anonymous</wsa:Address></wsa:ReplyTo>`,
    );
    expect(addressing).toMatchObject({
      namespace: '2005/08',
      to: 'urn:to',
      action: 'urn:a',
      messageId: 'urn:m',
      relatesTo: 'urn:r',
      from: { address: 'urn:from' },
      replyTo: { address: `${WSA}/anonymous` },
    });
  });

  test('is none without headers, and empty headers count as none', () => {
    expect(read('<x/>').addressing).toEqual({ namespace: 'none' });
    const { addressing } = read('<x/>', '<wsa:MessageID> </wsa:MessageID>');
    expect(addressing.namespace).toBe('2005/08');
    expect(addressing.messageId).toBeUndefined();
  });

  test('is read in 2004/08; headers of both are read as 2005/08', () => {
    expect(read('<x/>', '<wsa04:MessageID>urn:m</wsa04:MessageID>').addressing).toMatchObject({
      namespace: '2004/08',
      messageId: 'urn:m',
    });
    const both = '<wsa04:MessageID>urn:old</wsa04:MessageID><wsa:MessageID>urn:new</wsa:MessageID>';
    expect(read('<x/>', both).addressing).toMatchObject({ namespace: '2005/08', messageId: 'urn:new' });
  });

  test.each(['To', 'Action', 'MessageID', 'ReplyTo', 'FaultTo'])('refuses %s twice, in both SOAP versions', (name) => {
    const block = `<wsa:${name}><wsa:Address>${WSA}/anonymous</wsa:Address></wsa:${name}>`;
    for (const version of ['1.1', '1.2'] as const) {
      const error = protocolError(() => read('<x/>', block + block, version));
      expect(error.version).toBe(version);
      expect(error.subcode?.localName).toBe('InvalidAddressingHeader');
      expect(error.subsubcode?.localName).toBe('InvalidCardinality');
      expect(error.detail).toContain(`>wsa:${name}<`);
    }
  });

  test('does not count headers for other roles', () => {
    const header = '<wsa:To S:role="urn:other">urn:1</wsa:To><wsa:To>urn:2</wsa:To>';
    expect(read('<x/>', header).addressing.to).toBe('urn:2');
  });

  test.each(['ReplyTo', 'FaultTo'])('accepts the anonymous addresses of the field and none in %s', (name) => {
    const addresses = [`${WSA}/anonymous`, `${WSA}/none`, `${WSA}/role/anonymous`, `${WSA04}/role/anonymous`];
    for (const address of addresses) {
      const { addressing } = read('<x/>', `<wsa:${name}><wsa:Address> ${address} </wsa:Address></wsa:${name}>`);
      expect(addressing[name === 'ReplyTo' ? 'replyTo' : 'faultTo']?.address).toBe(address);
    }
  });

  test.each(['ReplyTo', 'FaultTo'])('refuses to answer elsewhere (%s)', (name) => {
    const header = `<wsa:${name}><wsa:Address>http://elsewhere/</wsa:Address></wsa:${name}>`;
    const error = protocolError(() => read('<x/>', header));
    expect(error.subsubcode?.localName).toBe('OnlyAnonymousAddressSupported');
    expect(error.message).toContain("'http://elsewhere/'");
    expect(error.httpStatus).toBe(400);
  });

  test.each(['here', '/relative', '//host/path', '${replyTo}'])(
    'refuses the address %j, which is no IRI',
    (address) => {
      const error = protocolError(() =>
        read('<x/>', `<wsa:ReplyTo><wsa:Address>${address}</wsa:Address></wsa:ReplyTo>`),
      );
      expect(error.subsubcode?.localName).toBe('InvalidAddress');
    },
  );

  test('says in a fault about the headers which message it is about, if that is certain', () => {
    const to = '<wsa:To>urn:a</wsa:To><wsa:To>urn:b</wsa:To>';
    const id = '<wsa:MessageID>urn:m</wsa:MessageID>';
    expect(protocolError(() => read('<x/>', to + id)).relatesTo).toBe('urn:m');
    const two = protocolError(() => read('<x/>', `${id}<wsa:MessageID>urn:n</wsa:MessageID>`));
    expect([two.relatesTo, two.addressing?.namespace]).toEqual([undefined, '2005/08']);
  });

  test('refuses a ReplyTo without address, but not such a From', () => {
    const error = protocolError(() => read('<x/>', '<wsa:ReplyTo/>'));
    expect(error.subcode?.localName).toBe('InvalidAddressingHeader');
    expect(error.subsubcode?.localName).toBe('MissingAddressInEPR');
    expect(read('<x/>', '<wsa:From/>').addressing.from).toBeUndefined();
  });

  test('makes replies echo the parameters of ReplyTo, and faults those of FaultTo', () => {
    const block = (name: string): string =>
      `<wsa:${name}><wsa:Address>${WSA}/anonymous</wsa:Address><wsa:ReferenceParameters><k xmlns="urn:k">${name}</k></wsa:ReferenceParameters></wsa:${name}>`;
    const both = read('<x/>', block('ReplyTo') + block('FaultTo')).addressing;
    expect(both.reply?.blocks).toContain('>ReplyTo<');
    expect(both.fault?.blocks).toContain('>FaultTo<');
    const one = read('<x/>', block('ReplyTo')).addressing;
    expect(one.fault?.blocks).toContain('>ReplyTo<');
    const missing = protocolError(() => read('', block('ReplyTo')));
    expect(protocolFaultReply(missing).body.toString()).toContain('>ReplyTo</k>');
  });
});
