import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ExchangeError } from '../../../src/cli/failure.ts';
import { bodyOf, faultOf, readNotifications, readReference, readTermination } from '../../../src/cli/messages.ts';
import { payloadAsJson } from '../../../src/cli/printing.ts';
import { xmlProblemOf } from '../../../src/cli/well-formed.ts';
import { childrenOf, escapeXml, readXmlTree, standaloneXml, textOf, type XmlNode } from '../../../src/cli/xml-tree.ts';
import type { XmlElement } from '../../../src/xml/document.ts';
import { readXml } from '../../../src/xml/reader.ts';

const W = 'xmlns:w="http://docs.oasis-open.org/wsn/b-2" xmlns:a="http://www.w3.org/2005/08/addressing"';
const S11 = 'http://schemas.xmlsoap.org/soap/envelope/';
const S12 = 'http://www.w3.org/2003/05/soap-envelope';

describe('xmlProblemOf()', () => {
  test.each([
    '<a/>',
    ' <a> text <b c="1" d=\'"\'/><!-- - c - --><?pi x?><![CDATA[<&]]>&lt;&#65;&#x1F600; </a> ',
    '<?xml version="1.0"?><p:a xmlns:p="u"></p:a >',
    '<é-1.x>…</é-1.x>',
  ])('finds none in %s', (xml) => {
    expect(xmlProblemOf(xml)).toBeUndefined();
  });

  test.each([
    '',
    'x',
    '<a>',
    '<a></b>',
    '<a><b></a></b>',
    '<a/><b/>',
    '<a/>x',
    '<a b/>',
    '<a b=c/>',
    '<a b="<"/>',
    '<a b="&"/>',
    '<a>&nbsp;</a>',
    '<a>&</a>',
    '<a><!-- -- --></a>',
    '<!DOCTYPE a><a/>',
    '<1/>',
    '<a',
    '</a>',
  ])('finds one in %s', (xml) => {
    expect(xmlProblemOf(xml)).toBeTypeOf('string');
  });

  test('is quick whatever it gets', () => {
    const hostile = [
      `<a${' b'.repeat(50_000)}`,
      `<a b="${'&lt;'.repeat(50_000)}`,
      `<!--${'-x'.repeat(50_000)}`,
      '<a>'.repeat(50_000),
      `<a>${'x '.repeat(500_000)}`,
    ];
    for (const xml of hostile) expect(xmlProblemOf(xml)).toBeTypeOf('string');
  });
});

/** Small documents with namespaces, references and CDATA. */
const documents = fc.letrec<{ element: string }>((tie) => ({
  element: fc
    .record({
      name: fc.constantFrom('a', 'b', 'p:c', 'q:d'),
      declarations: fc
        .subarray([' xmlns="urn:d"', ' xmlns=""', ' xmlns:p="urn:other"', ' xmlns:r="urn:r"'])
        .map((all) =>
          all
            .filter((one, index) => index === 0 || !(one.startsWith(' xmlns=') && (all[0] ?? '').startsWith(' xmlns=')))
            .join(''),
        ),
      attribute: fc.constantFrom('', ' x="1"', ' p:y="a &amp; &#10;b"', " z='&quot;&lt;>'"),
      content: fc.array(
        fc.oneof(
          { depthSize: 'small', withCrossShrink: true },
          fc.constantFrom('text', ' ', 'p:q', '&lt;&#233;&amp;', '<![CDATA[<x>&]]>', '<!-- c -->'),
          tie('element'),
        ),
        { maxLength: 4 },
      ),
    })
    .map(
      ({ name, declarations, attribute, content }) =>
        `<${name}${declarations}${attribute}>${content.join('')}</${name}>`,
    ),
})).element;

describe('readXmlTree()', () => {
  test('reads the same names, attributes and text as our own reader', () => {
    fc.assert(
      fc.property(documents, (inside) => {
        const xml = `<root xmlns:p="urn:p" xmlns:q="urn:q">${inside}</root>`;
        expect(shapeOf(readXmlTree(xml))).toEqual(shapeOfElement(readXml(Buffer.from(xml)).root));
      }),
    );
  });

  test('standaloneXml() gives an element that stands for the same alone', () => {
    fc.assert(
      fc.property(documents, (inside) => {
        const root = readXmlTree(`<root xmlns:p="urn:p" xmlns:q="urn:q" xmlns="urn:outer">${inside}</root>`);
        const [child] = childrenOf(root);
        const alone = readXmlTree(standaloneXml(child!));
        expect(shapeOf(alone)).toEqual(shapeOf(child!));
      }),
    );
  });

  test('standaloneXml() keeps namespaces that only text uses', () => {
    const root = readXmlTree('<root xmlns:p="urn:p" xmlns:unused="urn:u"><x>p:topic</x></root>');
    expect(standaloneXml(childrenOf(root)[0]!)).toBe('<x xmlns:p="urn:p">p:topic</x>');
  });

  test.each(['<a', '<p:a/>', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', `${'<a>'.repeat(200)}${'</a>'.repeat(200)}`])(
    'refuses %s',
    (xml) => {
      expect(() => readXmlTree(xml)).toThrow(ExchangeError);
    },
  );

  test('escapeXml() gives back every character', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/.test(text));
        const read = readXml(Buffer.from(`<a b="${escapeXml(text)}">${escapeXml(text)}</a>`)).root;
        expect([read.attribute('', 'b'), read.text()]).toEqual([text, text]);
      }),
    );
  });
});

describe('what brokers answer', () => {
  test('a reference with its parameters', () => {
    const response = readXmlTree(
      `<w:SubscribeResponse ${W} xmlns:f="urn:f"><w:SubscriptionReference><a:Address> http://m/ </a:Address><a:ReferenceParameters><f:E>f:x</f:E></a:ReferenceParameters></w:SubscriptionReference></w:SubscribeResponse>`,
    );
    const { address, parameters } = readReference(response, 'SubscriptionReference');
    expect([address, parameters.map((parameter) => standaloneXml(parameter))]).toEqual([
      'http://m/',
      ['<f:E xmlns:f="urn:f">f:x</f:E>'],
    ]);
    expect(() => readReference(response, 'PullPoint')).toThrow(/SubscribeResponse has no PullPoint with an Address/);
  });

  test.each([
    [
      '<w:TerminationTime>2030-01-01T00:01:00Z</w:TerminationTime><w:CurrentTime>2030-01-01T00:00:00Z</w:CurrentTime>',
      60_000,
    ],
    [
      '<w:TerminationTime>2029-01-01T00:00:00Z</w:TerminationTime><w:CurrentTime>2030-01-01T00:00:00Z</w:CurrentTime>',
      0,
    ],
    ['<w:TerminationTime xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>', undefined],
    ['', undefined],
    ['<w:TerminationTime>soon</w:TerminationTime>', undefined],
  ])('a lifetime: %s', (times, lifetimeMs) => {
    expect(readTermination(readXmlTree(`<w:RenewResponse ${W}>${times}</w:RenewResponse>`)).lifetimeMs).toBe(
      lifetimeMs,
    );
  });

  test.each([
    [
      S11,
      '<faultcode>s:Client</faultcode><faultstring>Why</faultstring><detail><w:InvalidFilterFault/></detail>',
      'InvalidFilterFault: Why',
    ],
    [S11, '<faultcode>s:Server</faultcode><faultstring/>', 'Server'],
    [S11, '<faultcode>s:Server</faultcode><faultstring>Why</faultstring><detail><w:Trace/></detail>', 'Server: Why'],
    [
      S12,
      '<s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>a:ActionNotSupported</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">Why</s:Text></s:Reason>',
      'ActionNotSupported: Why',
    ],
    [
      S12,
      '<s:Code><s:Value>s:Sender</s:Value></s:Code><s:Reason><s:Text xml:lang="en">Why</s:Text></s:Reason><s:Detail><w:PauseFailedFault/></s:Detail>',
      'PauseFailedFault: Why',
    ],
  ])('a fault in %s', (namespace, content, told) => {
    const body = bodyOf(
      readXmlTree(
        `<s:Envelope xmlns:s="${namespace}" ${W}><s:Body><s:Fault>${content}</s:Fault></s:Body></s:Envelope>`,
      ),
    );
    expect(faultOf(body!)?.message).toBe(told);
  });

  test('an envelope without a body is an error, one with an empty body is not', () => {
    expect(bodyOf(readXmlTree(`<s:Envelope xmlns:s="${S11}"><s:Body/></s:Envelope>`))).toBeUndefined();
    expect(() => bodyOf(readXmlTree('<html/>'))).toThrow('Expected a SOAP envelope with a Body, but found <html>');
  });

  test('notifications: wrapped, raw, and without a payload', () => {
    const wrapped = readXmlTree(
      `<w:Notify ${W} xmlns:p="urn:p"><w:NotificationMessage><w:Topic Dialect="d"> p:a/q:b </w:Topic><w:Message><p:x>1</p:x></w:Message></w:NotificationMessage><other/></w:Notify>`,
    );
    expect(readNotifications(wrapped)).toEqual([
      { topic: { text: '{urn:p}a/q:b', dialect: 'd' }, xml: '<p:x xmlns:p="urn:p">1</p:x>' },
    ]);
    expect(readNotifications(readXmlTree('<raw xmlns="urn:r"/>'))).toEqual([{ xml: '<raw xmlns="urn:r"/>' }]);
    const empty = readXmlTree(
      `<w:Notify ${W}><w:NotificationMessage><w:Message>text</w:Message></w:NotificationMessage></w:Notify>`,
    );
    expect(() => readNotifications(empty)).toThrow(/no Message with an element/);
  });

  test('a payload as JSON keeps text as text', () => {
    expect(payloadAsJson('<a x="01"><n>007</n><n>true</n><e/>&#65;</a>')).toEqual({
      a: { '@x': '01', n: ['007', 'true'], e: '', '#text': 'A' },
    });
    expect(payloadAsJson('<__proto__/>')).toBeNull();
  });
});

interface Shape {
  readonly name: string;
  readonly attributes: readonly string[];
  readonly text: string;
  readonly children: readonly Shape[];
}

function shapeOf(node: XmlNode): Shape {
  return {
    name: `{${node.namespace}}${node.localName}`,
    attributes: Object.entries(node.attributes)
      .map(([name, value]) => `${name.slice(name.indexOf(':') + 1)}=${value}`)
      .sort(),
    text: node.content.filter((item) => typeof item === 'string').join(''),
    children: childrenOf(node).map(shapeOf),
  };
}

function shapeOfElement(element: XmlElement): Shape {
  return {
    name: `{${element.namespace}}${element.localName}`,
    attributes: element
      .attributes()
      .map(({ localName, value }) => `${localName}=${value}`)
      .sort(),
    text: element.text(),
    children: element.children().map(shapeOfElement),
  };
}

test('textOf() of nothing is empty', () => {
  expect(textOf(undefined)).toBe('');
});
