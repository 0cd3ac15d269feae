import { describe, expect, it } from 'vitest';
import type { XmlElement } from '../../../src/xml/document.ts';
import { standalone, wrapExact } from '../../../src/xml/fragment.ts';
import { readXml } from '../../../src/xml/reader.ts';

/** The first element with that local name, in document order. */
function find(source: string, localName: string): XmlElement {
  const all = [readXml(Buffer.from(source)).root];
  for (const element of all) {
    if (element.localName === localName) return element;
    all.push(...element.children());
  }
  throw new Error(`Expected an element "${localName}", found none`);
}

const outer = (inner: string, declarations = 'xmlns:a="urn:a" xmlns:b="urn:b"'): string =>
  `<a:r ${declarations} xmlns:r="urn:r">${inner}</a:r>`;

describe('standalone()', () => {
  it.each([
    ['an element name', '<b:x/>', '<b:x xmlns:b="urn:b"/>'],
    ['an attribute name', '<x b:y="1"/>', '<x xmlns:b="urn:b" b:y="1"/>'],
    ['a name further inside', '<x><y><b:z/></y></x>', '<x xmlns:b="urn:b"><y><b:z/></y></x>'],
    ['a QName in an attribute', '<x type="b:T"/>', '<x xmlns:b="urn:b" type="b:T"/>'],
    ['a QName in text', '<x>b:T</x>', '<x xmlns:b="urn:b">b:T</x>'],
    ['a topic path', '<x>//b:T/*</x>', '<x xmlns:b="urn:b">//b:T/*</x>'],
    ['an XPath axis', '<x>child::b:T</x>', '<x xmlns:b="urn:b">child::b:T</x>'],
    ['a negated XPath step', '<x>1=-b:T</x>', '<x xmlns:b="urn:b">1=-b:T</x>'],
    ['a QName behind what is no name character', '<x>3×b:T</x>', '<x xmlns:b="urn:b">3×b:T</x>'],
    ['a QName in CDATA', '<x><![CDATA[ b:T]]></x>', '<x xmlns:b="urn:b"><![CDATA[ b:T]]></x>'],
  ])('declares a prefix for %s, and no other', (_, inner, expected) => {
    expect(standalone(find(outer(inner), find(outer(inner), 'r').children()[0]!.localName))).toBe(expected);
  });

  it.each([
    ['a character reference', '<x>&#98;:T</x>'],
    ['a comment in the prefix', '<x>b<!-- -->:T</x>'],
    ['a comment before the rest of the prefix', '<x>a<!---->b:T</x>'],
    ['a CDATA section that begins at the colon', '<x>b<![CDATA[:T]]></x>'],
    ['a CDATA section that ends at the colon', '<x><![CDATA[b]]>:T</x>'],
  ])('declares everything in scope where %s may hide a prefix', (_, inner) => {
    expect(standalone(find(outer(inner), 'x'))).toBe(
      inner.replace('<x', '<x xmlns:r="urn:r" xmlns:b="urn:b" xmlns:a="urn:a"'),
    );
  });

  it.each([
    ['the end of a longer name', '<x>xb:T _b:T éb:T</x>', false],
    ['an end behind a digit in a name', '<x>x3b:T</x>', false],
    ['what comes behind a digit, a dot, a hyphen', '<x>3b:T</x>', true],
    ['an attribute of that name without a colon', '<x b="1"/>', false],
    ['a longer name first, then the prefix', '<x>xb:T b:T</x>', true],
    ['a declaration inside', '<x><y xmlns:b="urn:c"/></x>', false],
  ])('sees the difference: %s', (_, inner, isNeeded) => {
    for (const more of ['', Array.from({ length: 10 }, (_one, i) => ` xmlns:n${i}="urn:n${i}"`).join('')]) {
      const source = `<r xmlns:b="urn:b"${more}>${inner}</r>`;
      expect(standalone(find(source, 'x'))).toBe(isNeeded ? inner.replace('<x', '<x xmlns:b="urn:b"') : inner);
    }
  });

  it('does not take the end of "xmlns:" for a prefix', () => {
    const inner = '<x xmlns:p="urn:p"><p:y/></x>';
    expect(standalone(find(`<r xmlns:s="urn:s" xmlns:ns="urn:ns" xmlns:xmln="urn:x">${inner}</r>`, 'x'))).toBe(inner);
  });

  it('declares nothing that only looks like a prefix in scope', () => {
    const inner = '<x>bb:T xb:T b.c:T</x>';
    expect(standalone(find(outer(inner), 'x'))).toBe(inner);
  });

  it('declares the default namespace, unless the element does', () => {
    const source = '<r xmlns="urn:d"><x/><y xmlns=""/><z xmlns="urn:e"/></r>';
    expect(standalone(find(source, 'x'))).toBe('<x xmlns="urn:d"/>');
    expect(standalone(find(source, 'y'))).toBe('<y xmlns=""/>');
    expect(standalone(find(source, 'z'))).toBe('<z xmlns="urn:e"/>');
  });

  it('needs nothing below an undeclared default namespace', () => {
    expect(standalone(find('<r xmlns="urn:d"><y xmlns=""><x/></y></r>', 'x'))).toBe('<x/>');
  });

  it('leaves out what the element declares itself, and takes the innermost declaration of the rest', () => {
    const inner = '<m xmlns:a="urn:a2"><x xmlns:b="urn:b2"><a:y/><b:y/></x></m>';
    expect(standalone(find(outer(inner), 'x'))).toBe('<x xmlns:a="urn:a2" xmlns:b="urn:b2"><a:y/><b:y/></x>');
  });

  it('puts extra attributes into the start tag and keeps the rest byte by byte', () => {
    const inner = `<b:x\n one = 'a>b' ><!-- c --><![CDATA[<&]]>\r\n&amp;</b:x >`;
    expect(standalone(find(outer(inner), 'x'), ' e="1"')).toBe(inner.replace('<b:x', '<b:x xmlns:b="urn:b" e="1"'));
  });

  it('escapes namespace names', () => {
    const source = `<r xmlns:b='urn:"&lt;&amp;'><b:x/></r>`;
    expect(standalone(find(source, 'x'))).toBe('<b:x xmlns:b="urn:&quot;&lt;&amp;"/>');
  });
});

describe('wrapExact()', () => {
  const wrapper = { namespace: 'urn:w', localName: 'Message', prefix: 'w' };
  const wrap = (source: string, localName = 'x', by = wrapper): string =>
    wrapExact(find(source, localName), by).toString();

  it('declares on the wrapper what the content needs, and keeps its bytes', () => {
    const inner = `<b:x  b:y='1'><!-- b --><![CDATA[c]]>&#13;</b:x >`;
    expect(wrap(outer(`<b:x  b:y='1'><!-- b --><![CDATA[c]]>\r</b:x >`))).toBe(
      `<w:Message xmlns:b="urn:b" xmlns:w="urn:w"><b:x  b:y='1'><!-- b --><![CDATA[c]]>\r</b:x ></w:Message>`,
    );
    expect(wrap(outer(inner))).toContain(`>${inner}</w:Message>`);
  });

  it('declares the default namespace on the wrapper', () => {
    expect(wrap('<r xmlns="urn:d"><x/></r>')).toBe('<w:Message xmlns="urn:d" xmlns:w="urn:w"><x/></w:Message>');
  });

  it('gives the prefix away when the content uses it for another namespace', () => {
    expect(wrap('<r xmlns:w="urn:other" xmlns:w1="urn:1"><x a="w1:a"><w:y/></x></r>')).toBe(
      '<w2:Message xmlns:w1="urn:1" xmlns:w="urn:other" xmlns:w2="urn:w"><x a="w1:a"><w:y/></x></w2:Message>',
    );
  });

  it('gives the prefix away when the content mentions it and nobody has declared it', () => {
    expect(wrap('<r><x>w:y</x></r>')).toBe('<w1:Message xmlns:w1="urn:w"><x>w:y</x></w1:Message>');
  });

  it('keeps the prefix when the content uses it for the same namespace, declares it itself or only inherits it', () => {
    expect(wrap('<r xmlns:w="urn:w"><w:x/></r>')).toBe('<w:Message xmlns:w="urn:w"><w:x/></w:Message>');
    expect(wrap('<r><w:x xmlns:w="urn:o"/></r>')).toBe('<w:Message xmlns:w="urn:w"><w:x xmlns:w="urn:o"/></w:Message>');
    expect(wrap('<r xmlns:w="urn:o"><x/></r>')).toBe('<w:Message xmlns:w="urn:w"><x/></w:Message>');
  });

  it('keeps the prefix where the element declares it itself, and gives it away where it comes from around', () => {
    const source = '<r xmlns:a="urn:a"><x xmlns:w="urn:o"><w:y a="w:z"/></x></r>';
    expect(wrap(source)).toBe(`<w:Message xmlns:w="urn:w">${source.slice(19, -4)}</w:Message>`);
    expect(wrap('<r xmlns:w="urn:o"><w:x>-w:y</w:x></r>')).toBe(
      '<w1:Message xmlns:w="urn:o" xmlns:w1="urn:w"><w:x>-w:y</w:x></w1:Message>',
    );
  });

  it('never takes the default namespace for itself', () => {
    expect(wrap('<r><x/></r>', 'x', { ...wrapper, prefix: '' })).toBe(
      '<ns1:Message xmlns:ns1="urn:w"><x/></ns1:Message>',
    );
  });

  it('refuses a wrapper without a namespace', () => {
    expect(() => wrap('<x/>', 'x', { ...wrapper, namespace: '' })).toThrow('Expected a namespace');
  });
});
