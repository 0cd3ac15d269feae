import { describe, expect, it } from 'vitest';
import { readXml, XmlError, type XmlLimits } from '../../../src/xml/reader.ts';

function errorOf(source: string | Uint8Array, limits?: Partial<XmlLimits>): XmlError {
  try {
    readXml(Buffer.from(source), { limits });
  } catch (error) {
    if (error instanceof XmlError) return error;
    throw error;
  }
  throw new Error('Expected an XmlError, found none');
}

const rootOf = (source: string) => readXml(Buffer.from(source)).root;

describe('readXml() refuses', () => {
  it.each([
    ['', 'the root element'],
    ['   ', 'the root element'],
    ['a', 'the root element'],
    ['<a/>b', 'nothing behind the root element'],
    ['<a/><b/>', 'nothing behind the root element'],
    ['<a/><![CDATA[]]>', 'nothing behind'],
    ['<a/><!DOCTYPE a>', 'nothing behind'],
    [' <?xml version="1.0"?><a/>', 'XML declaration'],
    ['<a><?xml version="1.0"?></a>', 'XML declaration'],
    ['<?xml?><a/>', 'XML declaration'],
    ['<?xml version="2.0"?><a/>', 'XML declaration'],
    ['<?xml version="1.0" standalone="yes" encoding="UTF-8"?><a/>', 'XML declaration'],
    ['<?xml version="1.0" standalone="true"?><a/>', 'XML declaration'],
    ['<?xml version="1.0"encoding="UTF-8"?><a/>', 'XML declaration'],
    ['<?xml version="1.0"', 'XML declaration'],
    ['<a', 'white space, ">" or "/>"'],
    ['<a ', 'an attribute'],
    ['<a b', '"="'],
    ['<a b=', 'quoted'],
    ['<a b=c/>', 'quoted'],
    ['<a b="', 'closing quote'],
    ['<a b="<"/>', 'without "<"'],
    ['<a b="1"c="2"/>', 'white space'],
    ['<a / >', '">" behind "/"'],
    ['<a>', 'the end tag </a>'],
    ['<a></b>', 'the end tag </a>'],
    ['<a></ab>', '">" at the end'],
    ['<ab></a>', 'the end tag </ab>'],
    ['<a></a', '">" at the end'],
    ['< a/>', 'the name of an element'],
    ['<1/>', 'the name of an element'],
    ['<a:/>', 'qualified name'],
    ['<:a/>', 'qualified name'],
    ['<a:b:c xmlns:a="u"/>', 'qualified name'],
    ['<a:1 xmlns:a="u"/>', 'qualified name'],
    ['<a\u00d7/>', 'qualified name'],
    ['<\u0301/>', 'qualified name'],
    ['<a>]]></a>', '"]]>" outside'],
    ['<a>]]]></a>', '"]]>" outside'],
    ['<a><![CDATA[]]>]]></a>', '"]]>" outside'],
    ['<a><![CDATA[</a>', '"]]>" at the end'],
    ['<a><![cdata[]]></a>', 'comment or a CDATA'],
    ['<a><!-- -- --></a>', 'without "--"'],
    ['<a><!-- ---></a>', 'without "--"'],
    ['<a><!-- </a>', '"-->" at the end'],
    ['<a><!-></a>', 'comment or a CDATA'],
    ['<a>&</a>', 'reference'],
    ['<a>& </a>', 'reference'],
    ['<a>&nbsp;</a>', 'reference'],
    ['<a>&amp</a>', 'reference'],
    ['<a>&#0;</a>', 'reference'],
    ['<a>&#;</a>', 'reference'],
    ['<a>&#x;</a>', 'reference'],
    ['<a>&#xD800;</a>', 'reference'],
    ['<a>&#xFFFE;</a>', 'reference'],
    ['<a>&#x110000;</a>', 'reference'],
    ['<a>&#99999999999999999999999999;</a>', 'reference'],
    ['<a>&#1x;</a>', 'reference'],
    ['<a b="&x;"/>', 'reference'],
    ['<a>\u0000</a>', 'characters of XML 1.0'],
    ['<a>\u0008</a>', 'characters of XML 1.0'],
    ['<a b="\u001f"/>', 'characters of XML 1.0'],
    ['<a><!--\ufffe--></a>', 'characters of XML 1.0'],
    ['<a><![CDATA[\uffff]]></a>', 'characters of XML 1.0'],
    ['<a b="1" b="2"/>', '"b" twice'],
    ['<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>', '"q:b" twice'],
    [`<a ${Array.from({ length: 20 }, (_, i) => `b${i}="1"`).join(' ')} b7="2"/>`, '"b7" twice'],
    ['<a xmlns="u" xmlns="u"/>', '"xmlns" twice'],
    ['<a xmlns:p="u" xmlns:p="u"/>', '"xmlns:p" twice'],
    ['<a xmlns:p=""/>', 'namespace name for a prefix'],
    ['<p:a/>', 'a prefix that is declared here, found "p"'],
    ['<a p:b="1"/>', 'a prefix that is declared here, found "p"'],
    ['<a><b xmlns:p="u"/><p:c/></a>', 'a prefix that is declared here, found "p"'],
    ['<xmlns:a/>', 'a prefix that is declared here, found "xmlns"'],
    ['<a xmlns:xmlns="u"/>', 'declaration of the prefix "xmlns"'],
    ['<a xmlns:xml="u"/>', '"xml" for'],
    ['<a xmlns:p="http://www.w3.org/XML/1998/namespace"/>', '"xml" for'],
    ['<a xmlns="http://www.w3.org/XML/1998/namespace"/>', '"xml" for'],
    ['<a xmlns:p="http://www.w3.org/2000/xmlns/"/>', 'no prefix for'],
  ])('%j', (source, expected) => {
    const error = errorOf(source);
    expect(error.message).toContain(expected);
    expect(error.kind).toBe('not-well-formed');
  });

  it.each([
    '<!DOCTYPE a><a/>',
    '<?xml version="1.0"?><!-- c --><!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
    '<?p?><a/>',
    '<?xml-stylesheet href="x"?><a/>',
    '<a><?p q?></a>',
    '<a/><?p?>',
  ])('%j as forbidden', (source) => {
    expect(errorOf(source).kind).toBe('forbidden');
  });
});

describe('readXml() accepts', () => {
  it.each([
    '<a/>',
    '<a />',
    '<a></a >',
    '\n<!-- - --><a/>\r\n<!---->\n',
    '<?xml version="1.0"?><a/>',
    "<?xml version='1.7' encoding = 'utf-8'\nstandalone='no' ?><a/>",
    '<a b = "\'" c=\'"\'/>',
    '<a>]] ]> > &gt;&#x10FFFF;&#000000000000000000000000065;</a>',
    '<a><![CDATA[]]]]><![CDATA[>&<]]></a>',
    '<a b="]]>"/>',
    '<a b="1" p:b="2" xmlns:p="u"/>',
    '<xml xmlns:xml="http://www.w3.org/XML/1998/namespace" xml:lang="en"/>',
    '<xmlns/>',
    '<a>\u007f\u0085\u2028\ufffd\ufdd0\u{1ffff}</a>',
    '<\u{10000}/>',
  ])('%j', (source) => {
    expect(readXml(Buffer.from(source)).isComplete).toBe(true);
  });

  it('a view into a larger buffer', () => {
    const large = Buffer.from('xxx<a>y</a>zzz');
    expect(readXml(large.subarray(3, 11)).root.text()).toBe('y');
    expect(
      readXml(new Uint8Array(large.subarray(3, 11)))
        .root.slice()
        .toString(),
    ).toBe('<a>y</a>');
  });
});

describe('XmlElement', () => {
  it('text() resolves references, joins CDATA, skips comments and children, and has "\\n" for every line end', () => {
    const root = rootOf('<a>1&lt;<!-- x -->\r\n<b>no</b>\r<![CDATA[&amp;\r\n]]>&#13;&#x1F600;</a>');
    expect(root.text()).toBe('1<\n\n&amp;\n\r\u{1f600}');
  });

  it.each([
    ['<a/>', true],
    ['<a> \n\t\r<b>x</b> </a>', true],
    ['<a> <!-- x --> <b/><![CDATA[ ]]>&#32;</a>', true],
    ['<a> x</a>', false],
    ['<a><b/>&#65;</a>', false],
    ['<a><b/> <![CDATA[x]]></a>', false],
    ['<a>\u00a0</a>', false],
  ])('isBlank() of %j is %s', (source, expected) => {
    expect(rootOf(source).isBlank()).toBe(expected);
  });

  it('attribute() normalises white space but not references', () => {
    const root = rootOf('<a b=" x\t\r\ny\n&#10;&#9; &quot;"/>');
    expect(root.attribute('', 'b')).toBe(' x  y \n\t "');
    expect(root.attribute('urn:x', 'b')).toBeUndefined();
    expect(root.attribute('', 'c')).toBeUndefined();
  });

  it('attribute() and attributes() leave namespace declarations out', () => {
    const root = rootOf('<a xmlns="u" xmlns:p="v" p:b="1" b="2"/>');
    expect(root.attributes()).toEqual([
      { namespace: 'v', localName: 'b', prefix: 'p', value: '1' },
      { namespace: '', localName: 'b', prefix: '', value: '2' },
    ]);
    expect(root.attribute('http://www.w3.org/2000/xmlns/', 'p')).toBeUndefined();
  });

  it('child() finds the first by expanded name', () => {
    const root = rootOf('<a xmlns:p="u" xmlns:q="u"><b/><q:b n="1"/><p:b n="2"/></a>');
    expect(root.child('u', 'b')?.attribute('', 'n')).toBe('1');
    expect(root.child('', 'b')?.prefix).toBe('');
    expect(root.child('v', 'b')).toBeUndefined();
    expect(root.children()[1]?.parent).toBe(root);
    expect(root.parent).toBeUndefined();
  });

  it('resolvePrefix() knows the default, the reserved and the undeclared', () => {
    const root = rootOf('<a xmlns="u"><b xmlns=""/></a>');
    expect(root.resolvePrefix('')).toBe('u');
    expect(root.children()[0]?.resolvePrefix('')).toBe('');
    expect(root.children()[0]?.inScope()).toEqual(new Map());
    expect(root.resolvePrefix('p')).toBeUndefined();
    expect(root.resolvePrefix('xml')).toBe('http://www.w3.org/XML/1998/namespace');
  });

  it('takes namespace names that are written differently for the same', () => {
    const root = rootOf('<p:a xmlns:p="urn:x"><q:b xmlns:q="urn:&#120;"/></p:a>');
    expect(root.children()[0]?.namespace).toBe('urn:x');
    expect(errorOf('<a xmlns:p="urn:x" xmlns:q="urn:&#x78;" p:b="" q:b=""/>').message).toContain('twice');
  });

  it('position() counts characters and all line ends', () => {
    const root = rootOf('\ufeff<é>\r\n\r\n<b/>\r<c/>é\u{1f600}<d/></é>');
    expect(root.children().map((child) => child.position())).toEqual([
      { line: 3, column: 1 },
      { line: 4, column: 1 },
      { line: 4, column: 7 },
    ]);
    expect(root.position()).toEqual({ line: 1, column: 1 });
  });
});

describe('XmlError', () => {
  it.each([
    ['<a>\n  <b></c>\n</a>', 2, 6, 9],
    ['<é b="é" b=""/>', 1, 10, 11],
    ['<a>\r\r\n\n&x;</a>', 4, 1, 7],
    ['<a>\u{1f600}<p:b/></a>', 1, 6, 8],
    ['<a', 1, 3, 2],
  ])('says where: %j', (source, line, column, offset) => {
    const error = errorOf(source);
    expect({ line: error.line, column: error.column, offset: error.offset }).toEqual({ line, column, offset });
    expect(error.message).toContain(`(line ${line}, column ${column})`);
  });
});

describe('stopAt', () => {
  const source = '<e:E xmlns:e="u"><e:H><h a="1">x</h></e:H><e:B x="y"><broken';

  it('ends the reading behind the start tag', () => {
    const seen: string[] = [];
    const document = readXml(Buffer.from(source), {
      stopAt: (namespace, localName, depth) => {
        seen.push(`${depth}:${namespace}:${localName}`);
        return namespace === 'u' && localName === 'B' && depth === 2;
      },
    });
    expect(seen).toEqual(['1:u:E', '2:u:H', '3::h', '2:u:B']);
    expect(document.isComplete).toBe(false);
    const [header, body] = document.root.children();
    expect(header?.children()[0]?.text()).toBe('x');
    expect(body?.attribute('', 'x')).toBe('y');
    expect(body?.children()).toEqual([]);
    expect(body?.text()).toBe('');
    expect(body?.slice().toString()).toBe('<e:B x="y">');
    expect(document.root.slice().toString()).toBe(source.slice(0, source.indexOf('<broken')));
  });

  it('reads to the end when nothing matches', () => {
    expect(() => readXml(Buffer.from(source), { stopAt: () => false })).toThrow(XmlError);
    expect(readXml(Buffer.from('<a><b/></a>'), { stopAt: () => false }).isComplete).toBe(true);
  });

  it('can stop at the root and at an empty element', () => {
    expect(readXml(Buffer.from('<a><'), { stopAt: () => true }).root.localName).toBe('a');
    const document = readXml(Buffer.from('<a><b/><'), { stopAt: (_, name) => name === 'b' });
    expect(document.root.children()[0]?.slice().toString()).toBe('<b/>');
  });
});

describe('limits: what reaches one is read, what exceeds it is refused', () => {
  const attributes = (count: number): string => Array.from({ length: count }, (_, i) => ` a${i}=""`).join('');
  const declarations = (count: number): string => Array.from({ length: count }, (_, i) => ` xmlns:a${i}="u"`).join('');
  const cases: [keyof XmlLimits, number, (size: number) => string][] = [
    ['maxBytes', 20, (size) => `<a>${'x'.repeat(size - 7)}</a>`],
    ['maxDepth', 5, (size) => '<a>'.repeat(size) + '</a>'.repeat(size)],
    ['maxDepth', 5, (size) => `${'<a>'.repeat(size - 1)}<a/>${'</a>'.repeat(size - 1)}`],
    ['maxAttributes', 10, (size) => `<a${attributes(size)} xmlns:p="u"/>`],
    ['maxNamespaceDeclarations', 4, (size) => `<a${declarations(size)} b="1"/>`],
    ['maxNameBytes', 10, (size) => `<${'n'.repeat(size)}/>`],
    ['maxNameBytes', 10, (size) => `<a ${'é'.repeat(5)}${'n'.repeat(size - 10)}=""/>`],
    ['maxElements', 6, (size) => `<a>${'<b/>'.repeat(size - 1)}</a>`],
  ];

  it.each(cases)('%s %i', (limit, size, write) => {
    const limits = { [limit]: size };
    expect(readXml(Buffer.from(write(size)), { limits }).isComplete).toBe(true);
    const error = errorOf(write(size + 1), limits);
    expect(error.kind).toBe('limit');
    expect(error.message).toContain(String(size));
  });

  it.each(cases)('%s has a default', (limit, _, write) => {
    const size = {
      maxBytes: 4_194_304,
      maxDepth: 128,
      maxAttributes: 256,
      maxNamespaceDeclarations: 64,
      maxNameBytes: 1024,
      maxElements: 200_000,
    }[limit];
    expect(readXml(Buffer.from(write(size))).isComplete).toBe(true);
    expect(errorOf(write(size + 1)).kind).toBe('limit');
  });

  it('maxBytes counts the document as UTF-8 too', () => {
    const latin1 = Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><a>éé</a>', 'latin1');
    expect(readXml(latin1, { limits: { maxBytes: latin1.length + 2 } }).root.text()).toBe('éé');
    expect(() => readXml(latin1, { limits: { maxBytes: latin1.length + 1 } })).toThrow('Expected at most');
  });
});

describe('readXml() of large and hostile documents', () => {
  it('reads many distinct names, attributes and namespaces', () => {
    const count = 20_000;
    const source = `<r>${Array.from({ length: count }, (_, i) => `<p${i}:e${i} xmlns:p${i}="urn:${i}" a${i}="${i}"/>`).join('')}</r>`;
    const children = rootOf(source).children();
    expect(children.length).toBe(count);
    for (const i of [0, 1, 63, 64, 9_999, count - 1]) {
      expect(children[i]?.is(`urn:${i}`, `e${i}`)).toBe(true);
      expect(children[i]?.attribute('', `a${i}`)).toBe(String(i));
    }
  });

  it('reads deep documents without recursion', () => {
    const depth = 100_000;
    const source = '<a>'.repeat(depth) + '</a>'.repeat(depth);
    expect(readXml(Buffer.from(source), { limits: { maxDepth: depth } }).root.children().length).toBe(1);
  });

  it('finds its way through prefixes that shadow each other', () => {
    const root = rootOf('<p:a xmlns:p="1"><p:b xmlns:p="2"><p:c xmlns:p="3"/><p:d/></p:b><p:e/></p:a>');
    const [b, e] = root.children();
    expect([root, b, ...(b?.children() ?? []), e].map((one) => one?.namespace)).toEqual(['1', '2', '3', '2', '1']);
  });
});
